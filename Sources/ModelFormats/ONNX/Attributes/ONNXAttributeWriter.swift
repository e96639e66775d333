import ModelGraph

/// Notes an operator's attributes as ONNX holds them, without those that have their default.
struct ONNXAttributeWriter: AttributeCoder {
  private(set) var attributes: [Onnx_AttributeProto] = []

  mutating func integer(_ name: String, _ value: inout Int, default: Int?) throws {
    if value != `default` { attributes.append(Onnx_AttributeProto(name, integer: value)) }
  }

  mutating func optionalInteger(_ name: String, _ value: inout Int?) throws {
    if let value { attributes.append(Onnx_AttributeProto(name, integer: value)) }
  }

  mutating func flag(_ name: String, _ value: inout Bool, default: Bool) throws {
    if value != `default` { attributes.append(Onnx_AttributeProto(name, integer: value ? 1 : 0)) }
  }

  mutating func decimal(_ name: String, _ value: inout Double, default: Double) throws {
    if Float(value) != Float(`default`) { attributes.append(Onnx_AttributeProto(name, decimal: value)) }
  }

  mutating func optionalDecimal(_ name: String, _ value: inout Double?) throws {
    if let value { attributes.append(Onnx_AttributeProto(name, decimal: value)) }
  }

  mutating func integers(_ name: String, _ value: inout [Int]) throws {
    if !value.isEmpty { attributes.append(Onnx_AttributeProto(name, integers: value)) }
  }

  mutating func optionalIntegers(_ name: String, _ value: inout [Int]?) throws {
    if let value { attributes.append(Onnx_AttributeProto(name, integers: value)) }
  }

  mutating func decimals(_ name: String, _ value: inout [Double]) throws {
    if !value.isEmpty { attributes.append(Onnx_AttributeProto(name, decimals: value)) }
  }

  mutating func text(_ name: String, _ value: inout String) throws {
    attributes.append(Onnx_AttributeProto(name, text: value))
  }

  mutating func word<Word: AttributeWord>(_ name: String, _ value: inout Word, default: Word) throws {
    if value != `default` { attributes.append(Onnx_AttributeProto(name, text: value.rawValue)) }
  }

  mutating func words<Word: AttributeWord>(_ name: String, _ value: inout [Word]) throws {
    if !value.isEmpty { attributes.append(Onnx_AttributeProto(name, texts: value.map(\.rawValue))) }
  }

  mutating func elementType(_ name: String, _ value: inout ElementType?) throws {
    if let value { attributes.append(Onnx_AttributeProto(name, integer: Int(value.onnxCode))) }
  }

  mutating func tensor(_ name: String, _ value: inout TensorData?) throws {
    if let value { attributes.append(Onnx_AttributeProto(name, tensor: Onnx_TensorProto("", value))) }
  }

  mutating func ignored(_ name: String) throws {}
}
