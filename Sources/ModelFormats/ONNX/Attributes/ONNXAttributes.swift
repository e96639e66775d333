import Foundation

/// The attributes of one node on its way into a graph. What is read is taken away, so that what nobody asked for is left
/// over, and can be refused: ignoring an attribute may change the result.
struct ONNXAttributes {
  let label: ONNXNodeLabel
  private var byName: [String: Onnx_AttributeProto] = [:]

  init(label: ONNXNodeLabel) {
    self.label = label
  }

  /// Throws `ModelFormatError(.malformed)` for an attribute that is there twice.
  init(_ protos: [Onnx_AttributeProto], label: ONNXNodeLabel) throws {
    self.init(label: label)
    for proto in protos {
      guard byName.updateValue(proto, forKey: proto.name) == nil else {
        throw label.failure(.malformed, "has the attribute '\(proto.name)' twice")
      }
    }
  }

  /// The name of some attribute that nobody has taken.
  var leftOver: String? { byName.keys.min() }

  func contains(_ name: String) -> Bool { byName[name] != nil }

  // MARK: Taking

  /// Throws when the attribute is of another type. Files of the first format version state no types.
  mutating func take(_ name: String, _ type: Onnx_AttributeProto.AttributeType) throws -> Onnx_AttributeProto? {
    guard let attribute = byName.removeValue(forKey: name) else { return nil }
    guard !attribute.hasType || attribute.type == .undefined || attribute.type == type else {
      throw label.failure(.malformed, "has an attribute '\(name)' of type \(attribute.type) instead of \(type)")
    }
    return attribute
  }

  mutating func takeInteger(_ name: String) throws -> Int64? { try take(name, .int)?.i }

  mutating func takeIntegers(_ name: String) throws -> [Int64]? { try take(name, .ints)?.ints }

  mutating func takeFloat(_ name: String) throws -> Float? { try take(name, .float)?.f }

  mutating func takeFloats(_ name: String) throws -> [Float]? { try take(name, .floats)?.floats }

  mutating func takeText(_ name: String) throws -> String? {
    try take(name, .string).map { String(decoding: $0.s, as: UTF8.self) }
  }

  /// The attribute of whatever type.
  mutating func takeAny(_ name: String) -> Onnx_AttributeProto? { byName.removeValue(forKey: name) }

  /// Removes an attribute that says nothing that we need.
  mutating func drop(_ name: String) {
    byName[name] = nil
  }

  // MARK: Putting

  mutating func set(_ attribute: Onnx_AttributeProto) {
    byName[attribute.name] = attribute
  }
}

extension Onnx_AttributeProto {
  init(_ name: String, integer: Int) {
    self.init(name, .int)
    i = Int64(integer)
  }

  init(_ name: String, integers: [Int]) {
    self.init(name, .ints)
    ints = integers.map(Int64.init)
  }

  init(_ name: String, decimal: Double) {
    self.init(name, .float)
    f = Float(decimal)
  }

  init(_ name: String, decimals: [Double]) {
    self.init(name, .floats)
    floats = decimals.map(Float.init)
  }

  init(_ name: String, text: String) {
    self.init(name, .string)
    s = Data(text.utf8)
  }

  init(_ name: String, texts: [String]) {
    self.init(name, .strings)
    strings = texts.map { Data($0.utf8) }
  }

  init(_ name: String, tensor: Onnx_TensorProto) {
    self.init(name, .tensor)
    t = tensor
  }

  private init(_ name: String, _ type: AttributeType) {
    self.init()
    self.name = name
    self.type = type
  }
}
