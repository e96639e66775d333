import Foundation
import ModelGraph
import Tensors

/// Numbers of 8 bits and less, which are stored and converted but not computed with: tensors hold their codes as bytes.
extension Tensor {
  /// The values of these codes, float32.
  func decoded(_ type: ElementType) throws -> Tensor {
    guard let table = NarrowNumbers.values(of: Data(0...255), as: type) else { return self }
    let values = try Tensor(floats: table, shape: [256], device: device)
    return try values.indexSelect(0, to(.int64).reshape([-1])).reshape(shape)
  }

  /// The codes of these values; see `NarrowNumbers.codes`.
  func encoded(
    as type: ElementType, limits: Bool = false, saturates: Bool = true, rounding: Cast.Rounding = .up
  ) throws -> Tensor {
    let codes = NarrowNumbers.codes(
      of: try to(.float32).floats, as: type, limits: limits, saturates: saturates, rounding: rounding)
    return try Tensor(bytes: codes ?? Data(), shape: shape, type: .uint8, device: device)
  }
}

extension Graph {
  /// Some value has a narrow type, so that kernels must know the types.
  var holdsNarrowNumbers: Bool {
    (inputs + outputs).contains { $0.elementType.isNarrow } || weights.values.contains { $0.elementType.isNarrow }
      || nodes.contains { node in
        switch node.op {
        case .cast(let cast): cast.to?.isNarrow ?? false
        case .bitCast(let type): type.isNarrow
        case .quantizeLinear(let quantization): quantization.outputType?.isNarrow ?? false
        default: false
        }
      }
  }
}
