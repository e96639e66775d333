import Foundation
import ModelGraph

/// One of the onnx package's test cases of a single operator, as Goldens/make_node_cases.py wrote it down.
struct NodeCase: Sendable, CustomStringConvertible {
  struct Value: Sendable {
    let elementType: ElementType
    let shape: [Int]
    /// Nil where the case gives the shape alone.
    let tensor: TensorData?

    var fact: ValueFact { tensor.map { ValueFact($0) } ?? ValueFact(elementType, shape: shape) }
  }

  let name: String
  let op: Operator
  let inputs: [Value?]
  let outputs: [Value?]

  var description: String { name }

  var node: Node {
    func names(_ values: [Value?], _ prefix: String) -> [String] {
      values.enumerated().map { $1 == nil ? "" : "\(prefix)\($0)" }
    }
    return Node(name: name, op: op, inputs: names(inputs, "x"), outputs: names(outputs, "y"))
  }

  static let lines: [Substring] = {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Goldens/node-cases.jsonl")
    return try! String(contentsOf: file, encoding: .utf8).split(separator: "\n")
  }()

  static let all: [NodeCase] = lines.map { try! NodeCase(parsed($0)) }

  static func parsed(_ line: Substring) -> [String: Any] {
    try! JSONSerialization.jsonObject(with: Data(line.utf8)) as! [String: Any]
  }

  init(_ json: [String: Any]) throws {
    name = json["name"] as! String
    var op = Operator.named(json["op"] as! String)!
    var attributes = JSONAttributes(values: json["attributes"] as! [String: Any])
    try op.codeAttributes(with: &attributes)
    precondition(attributes.values.isEmpty, "\(name): nobody reads \(attributes.values.keys)")
    self.op = op
    inputs = try (json["inputs"] as! [Any]).map(Self.value)
    outputs = try (json["outputs"] as! [Any]).map(Self.value)
  }

  private static func value(_ json: Any) throws -> Value? {
    guard let json = json as? [String: Any] else { return nil }
    let type = ElementType(rawValue: json["t"] as! String)!
    let shape = json["s"] as! [Int]
    let bytes = (json["v"] as? String).map { Data(base64Encoded: $0)! }
    return Value(
      elementType: type, shape: shape, tensor: try bytes.map { try TensorData(type, shape: shape, bytes: $0) })
  }

  /// Attributes by ONNX's names; what is read leaves the list.
  private struct JSONAttributes: AttributeCoder {
    var values: [String: Any]

    private static let types: [Int: ElementType] = [
      1: .float32, 2: .uint8, 3: .int8, 4: .uint16, 5: .int16, 6: .int32, 7: .int64, 9: .bool, 10: .float16,
      11: .float64, 12: .uint32, 13: .uint64, 16: .bfloat16,
    ]

    private mutating func take<Value>(_ name: String, _ value: inout Value) {
      guard let found = values.removeValue(forKey: name) else { return }
      value = (found as? Int).flatMap { NSNumber(value: $0) as? Value } ?? (found as! Value)
    }

    mutating func integer(_ name: String, _ value: inout Int, default fallback: Int?) { take(name, &value) }
    mutating func optionalInteger(_ name: String, _ value: inout Int?) { take(name, &value) }
    mutating func flag(_ name: String, _ value: inout Bool, default fallback: Bool) {
      var number = value ? 1 : 0
      take(name, &number)
      value = number != 0
    }
    mutating func decimal(_ name: String, _ value: inout Double, default fallback: Double) {
      var number: NSNumber = value as NSNumber
      take(name, &number)
      value = number.doubleValue
    }
    mutating func optionalDecimal(_ name: String, _ value: inout Double?) {
      guard values[name] != nil else { return }
      var number = 0.0
      decimal(name, &number, default: 0)
      value = number
    }
    mutating func integers(_ name: String, _ value: inout [Int]) { take(name, &value) }
    mutating func optionalIntegers(_ name: String, _ value: inout [Int]?) { take(name, &value) }
    mutating func decimals(_ name: String, _ value: inout [Double]) {
      var numbers = value.map { $0 as NSNumber }
      take(name, &numbers)
      value = numbers.map(\.doubleValue)
    }
    mutating func text(_ name: String, _ value: inout String) { take(name, &value) }
    mutating func word<Word: AttributeWord>(_ name: String, _ value: inout Word, default fallback: Word) {
      var text = value.rawValue
      take(name, &text)
      value = Word.allCases.first { $0.rawValue.lowercased() == text.lowercased() }!
    }
    mutating func words<Word: AttributeWord>(_ name: String, _ value: inout [Word]) {
      var texts = value.map(\.rawValue)
      take(name, &texts)
      value = texts.map { text in Word.allCases.first { $0.rawValue.lowercased() == text.lowercased() }! }
    }
    mutating func elementType(_ name: String, _ value: inout ElementType?) {
      var number = 0
      take(name, &number)
      value = Self.types[number]
    }
    mutating func tensor(_ name: String, _ value: inout TensorData?) {
      guard let json = values.removeValue(forKey: name) else { return }
      value = try! NodeCase.value(json)?.tensor
    }
    mutating func ignored(_ name: String) { values.removeValue(forKey: name) }
  }
}
