/// Reads or writes the attributes of one operator under ONNX's names.
///
/// One description of an operator's attributes (`Operator.codeAttributes`) serves import, export and printing: a reader
/// replaces the values by those of a file, a writer notes them, leaving out those that equal their default.
package protocol AttributeCoder {
  /// A nil default marks an attribute that must be there.
  mutating func integer(_ name: String, _ value: inout Int, default: Int?) throws
  mutating func optionalInteger(_ name: String, _ value: inout Int?) throws
  /// 0 and 1 in ONNX.
  mutating func flag(_ name: String, _ value: inout Bool, default: Bool) throws
  mutating func decimal(_ name: String, _ value: inout Double, default: Double) throws
  mutating func optionalDecimal(_ name: String, _ value: inout Double?) throws
  /// An empty list stands for an absent attribute.
  mutating func integers(_ name: String, _ value: inout [Int]) throws
  mutating func optionalIntegers(_ name: String, _ value: inout [Int]?) throws
  mutating func decimals(_ name: String, _ value: inout [Double]) throws
  mutating func text(_ name: String, _ value: inout String) throws
  /// One of the words of an enum; comparison disregards case, as some exporters do.
  mutating func word<Word: AttributeWord>(_ name: String, _ value: inout Word, default: Word) throws
  mutating func words<Word: AttributeWord>(_ name: String, _ value: inout [Word]) throws
  /// ONNX's number of an element type; zero and absence are nil.
  mutating func elementType(_ name: String, _ value: inout ElementType?) throws
  mutating func tensor(_ name: String, _ value: inout TensorData?) throws
  /// An attribute that changes nothing for us (a seed, a hint): read and forgotten, never written.
  mutating func ignored(_ name: String) throws
}

/// A fixed set of words in an attribute; the raw values are ONNX's.
package protocol AttributeWord: RawRepresentable, CaseIterable, Hashable, Sendable where RawValue == String {}

extension AttributeCoder {
  /// A word that must be there.
  mutating func requiredWord<Word: AttributeWord>(_ name: String, _ value: inout Word?) throws {
    var words = value.map { [$0] } ?? []
    var text = words.first?.rawValue ?? ""
    try self.text(name, &text)
    words = Word.allCases.filter { $0.rawValue.lowercased() == text.lowercased() }
    guard let word = words.first else {
      throw GraphError(
        .unsupported, "The attribute '\(name)' is '\(text)'; it must be one of \(Word.allCases.map(\.rawValue)).")
    }
    value = word
  }

  /// An element type with a default.
  mutating func elementType(_ name: String, _ value: inout ElementType, default fallback: ElementType) throws {
    var type: ElementType? = value == fallback ? nil : value
    try elementType(name, &type)
    value = type ?? fallback
  }
}
