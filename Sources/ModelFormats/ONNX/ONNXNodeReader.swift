import Foundation
import ModelGraph

/// One node of an ONNX network while it is translated: its attributes, and what is known of its inputs.
///
/// Every attribute must be asked for; `finish()` throws for those that were not, since ignoring one can change the
/// result.
struct ONNXNodeReader {
  let proto: Onnx_NodeProto
  let name: String
  let opset: Int
  /// The values of constant inputs by position; nil for inputs that are computed or absent.
  let constants: [TensorData?]
  /// The shapes of inputs by position, symbolic axes as 1; nil for absent inputs and where unknown.
  let shapes: [[Int]?]
  /// The sizes in `shapes` hold for every axis but the batch.
  let sizesAreKnown: Bool
  private let attributes: [String: Onnx_AttributeProto]
  private var unread: Set<String>

  init(
    _ proto: Onnx_NodeProto, name: String, opset: Int, constants: [TensorData?], shapes: [[Int]?], sizesAreKnown: Bool
  ) throws {
    self.proto = proto
    self.name = name
    self.opset = opset
    self.constants = constants
    self.shapes = shapes
    self.sizesAreKnown = sizesAreKnown
    attributes = Dictionary(proto.attribute.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
    unread = Set(attributes.keys)
    guard attributes.count == proto.attribute.count else { throw failure(.malformed, "has an attribute twice") }
  }

  // MARK: Inputs

  /// Inputs without absent ones at the end.
  var inputs: [String] {
    var result = proto.input
    while result.last == "" { result.removeLast() }
    return result
  }

  /// Throws unless the node has a number of inputs within `counts`, the first of them present.
  func requireInputs(_ counts: ClosedRange<Int>) throws {
    let present = inputs
    guard counts.contains(present.count), counts.lowerBound == 0 || present.first != "" else {
      throw failure(.malformed, "has \(present.count) inputs; \(counts.lowerBound) to \(counts.upperBound) are right")
    }
  }

  func hasInput(_ position: Int) -> Bool { position < proto.input.count && !proto.input[position].isEmpty }
  func shape(_ position: Int) -> [Int]? { position < shapes.count ? shapes[position] : nil }
  func constant(_ position: Int) -> TensorData? { position < constants.count ? constants[position] : nil }

  /// The integers of a constant input, or nil when it is absent; throws when it is computed.
  func integers(input position: Int, _ what: String) throws -> [Int]? {
    guard hasInput(position) else { return nil }
    guard let data = constant(position) else { throw computed(position, what) }
    guard data.elementType == .int64 || data.elementType == .int32 else {
      throw failure(.malformed, "has \(what) of type \(data.elementType.rawValue)")
    }
    return data.integers.map(Int.init)
  }

  /// The number in a constant input, or nil when it is absent; throws when it is computed.
  func float(input position: Int, _ what: String) throws -> Float? {
    guard hasInput(position) else { return nil }
    guard let data = constant(position) else { throw computed(position, what) }
    let values = data.elementType == .float32 ? data.floats : data.integers.map(Float.init)
    guard values.count == 1, !values[0].isNaN else {
      throw failure(.malformed, "has \(what) of \(values.count) values, or not a number")
    }
    return values[0]
  }

  private func computed(_ position: Int, _ what: String) -> ModelFormatError {
    failure(
      .unsupportedForm, "computes its \(what) ('\(proto.input[position])') while it runs",
      remedy: "Export the network with constant folding, or simplify it (onnxsim), so that they are constants.")
  }

  // MARK: Attributes

  mutating func integer(_ key: String, default value: Int? = nil) throws -> Int {
    guard let attribute = try attribute(key, .int) else {
      guard let value else { throw failure(.malformed, "has no attribute '\(key)'") }
      return value
    }
    return Int(attribute.i)
  }

  /// The integers of an attribute, each within `range`, or nil when the node does not have it.
  mutating func integers(_ key: String, in range: ClosedRange<Int>) throws -> [Int]? {
    guard let attribute = try attribute(key, .ints) else { return nil }
    let values = attribute.ints.map(Int.init)
    if let wrong = values.first(where: { !range.contains($0) }) {
      throw failure(.malformed, "has \(wrong) in its attribute '\(key)' \(values.prefix(8))")
    }
    return values
  }

  /// The decimal number that was meant by a float attribute.
  mutating func decimal(_ key: String, default value: Double) throws -> Double {
    guard let attribute = try attribute(key, .float) else { return value }
    guard attribute.f.isFinite else { throw failure(.malformed, "has \(attribute.f) as its attribute '\(key)'") }
    return decimalValue(attribute.f)
  }

  mutating func string(_ key: String, default value: String) throws -> String {
    guard let attribute = try attribute(key, .string) else { return value }
    return String(decoding: attribute.s, as: UTF8.self)
  }

  /// The attribute, which is then no longer unread; throws when it is of another type.
  mutating func attribute(_ key: String, _ type: Onnx_AttributeProto.AttributeType? = nil) throws
    -> Onnx_AttributeProto?
  {
    guard let attribute = attributes[key] else { return nil }
    unread.remove(key)
    guard attribute.refAttrName.isEmpty else {
      throw failure(.unsupportedForm, "takes its attribute '\(key)' from a function")
    }
    // Files of the first format version carry no types.
    if let type, attribute.hasType, attribute.type != type {
      throw failure(.malformed, "has an attribute '\(key)' of another type than \(type)")
    }
    return attribute
  }

  /// Throws `ModelFormatError(.unsupportedForm)` for an attribute that the translation did not ask for.
  func finish() throws {
    guard let key = unread.min() else { return }
    throw failure(.unsupportedForm, "has the attribute '\(key)', which we do not know")
  }

  // MARK: Errors

  func failure(_ code: ModelFormatError.Code, _ what: String, remedy: String? = nil) -> ModelFormatError {
    ModelFormatError(code, "Node '\(name)' (\(proto.opType), operator set \(opset)) \(what).", remedy: remedy)
  }
}
