import Foundation
import ModelGraph

/// Sets an operator's attributes from a JSON object of ONNX's names.
struct AttributeTable: AttributeCoder {
  private let table: [String: Any]
  /// The names that were asked for.
  private(set) var known: Set<String> = []

  init(_ table: [String: Any]) {
    self.table = table
  }

  /// Names that the operator does not have.
  var unknown: Set<String> { Set(table.keys).subtracting(known) }

  private mutating func value<Value>(_ name: String, _ convert: (Any) -> Value?) throws -> Value? {
    known.insert(name)
    guard let found = table[name] else { return nil }
    guard let value = convert(found) else {
      throw GraphError(.unsupported, "The attribute '\(name)' is \(found).")
    }
    return value
  }

  private mutating func number(_ name: String) throws -> NSNumber? { try value(name) { $0 as? NSNumber } }

  mutating func integer(_ name: String, _ value: inout Int, default: Int?) throws {
    if let number = try number(name) { value = number.intValue }
  }
  mutating func optionalInteger(_ name: String, _ value: inout Int?) throws {
    if let number = try number(name) { value = number.intValue }
  }
  mutating func flag(_ name: String, _ value: inout Bool, default: Bool) throws {
    if let number = try number(name) { value = number.intValue != 0 }
  }
  mutating func decimal(_ name: String, _ value: inout Double, default: Double) throws {
    if let number = try number(name) { value = number.doubleValue }
  }
  mutating func optionalDecimal(_ name: String, _ value: inout Double?) throws {
    if let number = try number(name) { value = number.doubleValue }
  }
  mutating func integers(_ name: String, _ value: inout [Int]) throws {
    if let list = try self.value(name, { $0 as? [NSNumber] }) { value = list.map(\.intValue) }
  }
  mutating func optionalIntegers(_ name: String, _ value: inout [Int]?) throws {
    if let list = try self.value(name, { $0 as? [NSNumber] }) { value = list.map(\.intValue) }
  }
  mutating func decimals(_ name: String, _ value: inout [Double]) throws {
    if let list = try self.value(name, { $0 as? [NSNumber] }) { value = list.map(\.doubleValue) }
  }
  mutating func text(_ name: String, _ value: inout String) throws {
    if let text = try self.value(name, { $0 as? String }) { value = text }
  }
  mutating func word<Word: AttributeWord>(_ name: String, _ value: inout Word, default: Word) throws {
    if let word = try self.value(name, { ($0 as? String).flatMap(Self.word) as Word? }) { value = word }
  }
  mutating func words<Word: AttributeWord>(_ name: String, _ value: inout [Word]) throws {
    if let list = try self.value(name, { $0 as? [String] }) { value = list.compactMap(Self.word) }
  }
  mutating func elementType(_ name: String, _ value: inout ElementType?) throws {
    guard let number = try number(name)?.intValue, number != 0 else { return }
    // ONNX's numbers.
    let types: [Int: ElementType] = [
      1: .float32, 2: .uint8, 3: .int8, 4: .uint16, 5: .int16, 6: .int32, 7: .int64, 9: .bool, 10: .float16,
      11: .float64, 12: .uint32, 13: .uint64, 16: .bfloat16,
    ]
    value = types[number]
  }
  mutating func tensor(_ name: String, _ value: inout TensorData?) throws {
    _ = try number(name)
  }
  mutating func ignored(_ name: String) throws { known.insert(name) }

  private static func word<Word: AttributeWord>(_ text: String) -> Word? {
    Word.allCases.first { $0.rawValue.lowercased() == text.lowercased() }
  }
}
