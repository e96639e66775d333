import Foundation
import GraphRuntime
import ModelGraph
import Tensors

/// Arrays between the types that a network's file declares and those that are computed with.
///
/// NumPy has no bfloat16 and no numbers of fewer bits than 8: their bits come in place of them, as unsigned integers of 16 bits or a
/// byte each.
enum OuterArrays {
  /// The array of an input with the type that its bits stand for; others as they are.
  static func typed(_ array: TensorData, for input: ValueInfo) throws -> TensorData {
    let type = input.outerType
    guard array.elementType == bits(of: type) else { return array }
    guard let width = type.packedBits else { return try TensorData(type, shape: array.shape, bytes: array.bytes) }
    // Only the low bits are the number; a negative one may have its sign repeated above them.
    let mask = UInt8((1 << width) - 1)
    return try TensorData(type, shape: array.shape, bytes: Data(array.bytes.map { $0 & mask }))
  }

  /// What goes into the network.
  static func entering(_ array: TensorData, _ input: ValueInfo, device: Device) throws -> Tensor {
    let tensor = try Tensor(array, device: device)
    return input.declaredType == nil ? tensor : try tensor.to(ScalarType(input.elementType))
  }

  /// What comes out of the network, in the type that the file declares.
  static func leaving(_ tensor: Tensor, _ output: ValueInfo) throws -> TensorData {
    if let declared = output.declaredType { return try tensor.to(ScalarType(declared)).tensorData() }
    let result = try tensor.tensorData()
    // Tensors hold narrow numbers as their codes.
    return output.elementType.isNarrow
      ? try TensorData(output.elementType, shape: result.shape, bytes: result.bytes) : result
  }

  private static func bits(of type: ElementType) -> ElementType? {
    if type == .bfloat16 { return .uint16 }
    return type.isNarrow ? .uint8 : nil
  }
}
