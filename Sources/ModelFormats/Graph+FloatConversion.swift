import Foundation
import ModelGraph

extension Graph {
  /// The network with float32 in the place of every other floating-point type: weights, and what nodes cast to. Inputs and outputs
  /// keep theirs as declared types. The types that it had are noted in the metadata under "coppice.converted-from".
  ///
  /// Throws `ModelFormatError(.unsupportedType)` for a node that makes numbers of another such type from bits.
  func convertingFloats() throws -> Graph {
    var result = self
    var replacement = FloatTypeReplacement()
    result.weights = weights.mapValues { replacement.replaced($0) }
    for position in inputs.indices {
      replacement.replace(&result.inputs[position])
    }
    for position in outputs.indices {
      replacement.replace(&result.outputs[position])
    }
    for (position, node) in nodes.enumerated() {
      if case .bitCast(let type) = node.op, type.isFloatingPoint, type != .float32 {
        throw ModelFormatError(
          .unsupportedType, "Node '\(node.name)' (BitCast) makes \(type.rawValue) numbers from bits.",
          remedy: "Export the network with float32 numbers.")
      }
      try result.nodes[position].op.codeAttributes(with: &replacement)
    }
    guard !replacement.found.isEmpty else { return self }
    result.convertedFrom += replacement.found.map(\.rawValue)
    return result.removingBorderCasts().wideningWeights()
  }
}

/// Replaces floating-point types wherever an attribute names or holds one.
private struct FloatTypeReplacement: AttributeCoder {
  /// The types that were replaced.
  private(set) var found: Set<ElementType> = []

  mutating func replaced(_ type: ElementType) -> ElementType {
    guard type.isFloatingPoint, type != .float32 else { return type }
    found.insert(type)
    return .float32
  }

  mutating func replace(_ value: inout ValueInfo) {
    let type = replaced(value.elementType)
    if type != value.elementType { value.declaredType = value.declaredType ?? value.elementType }
    value.elementType = type
  }

  mutating func replaced(_ data: TensorData) -> TensorData {
    replaced(data.elementType) == data.elementType ? data : data.convertedToFloat32()
  }

  mutating func elementType(_ name: String, _ value: inout ElementType?) throws {
    value = value.map { replaced($0) }
  }

  mutating func tensor(_ name: String, _ value: inout TensorData?) throws {
    value = value.map { replaced($0) }
  }

  mutating func integer(_ name: String, _ value: inout Int, default: Int?) throws {}
  mutating func optionalInteger(_ name: String, _ value: inout Int?) throws {}
  mutating func flag(_ name: String, _ value: inout Bool, default: Bool) throws {}
  mutating func decimal(_ name: String, _ value: inout Double, default: Double) throws {}
  mutating func optionalDecimal(_ name: String, _ value: inout Double?) throws {}
  mutating func integers(_ name: String, _ value: inout [Int]) throws {}
  mutating func optionalIntegers(_ name: String, _ value: inout [Int]?) throws {}
  mutating func decimals(_ name: String, _ value: inout [Double]) throws {}
  mutating func text(_ name: String, _ value: inout String) throws {}
  mutating func word<Word: AttributeWord>(_ name: String, _ value: inout Word, default: Word) throws {}
  mutating func words<Word: AttributeWord>(_ name: String, _ value: inout [Word]) throws {}
  mutating func ignored(_ name: String) throws {}
}
