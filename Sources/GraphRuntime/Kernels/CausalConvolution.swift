import ModelGraph
import Tensors

private let slidingProduct = ATenOperator("aten::conv1d")

extension KernelContext {
  /// A depthwise convolution that looks back only; its last `k - 1` inputs are the state that goes on.
  func causalConvolution(_ attributes: CausalConvolution) throws -> KernelBody {
    try expectInputs(2...4)
    return { call in
      let (x, weight) = (try call.tensor(0), try call.tensor(1))
      guard x.rank == 3, weight.rank == 3, weight.shape[2] > 0 else {
        throw failure("has an input of shape \(x.shape) and a weight of shape \(weight.shape)")
      }
      let reach = weight.shape[2] - 1
      let past =
        try call.optional(3) ?? Tensor.zeros([x.shape[0], x.shape[1], reach], type: x.type, device: x.device)
      let line = try Tensor.cat([past.to(x.type), x], axis: 2)
      let sums = try slidingProduct.one(
        .tensor(line), .tensor(weight), .optional(call.optional(2)), .integers([1]), .integers([0]), .integers([1]),
        .integer(x.shape[1]))
      let result: Tensor
      switch attributes.activation {
      case .none: result = sums
      case .silu, .swish:
        let precise = try sums.precise
        result = try (precise * precise.sigmoid()).to(x.type)
      }
      let length = line.shape[2]
      return [result, try line.slice(2, length - reach, length)]
    }
  }
}
