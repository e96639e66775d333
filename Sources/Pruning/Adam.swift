import Tensors

/// Adam (Kingma and Ba 2015, algorithm 1, their usual constants) over one tensor, whose first steps are of the size
/// of the rate.
struct Adam {
  private let mean: Tensor
  private let square: Tensor
  /// 0.9 and 0.999 to the power of the steps done.
  private var decay = (mean: 1.0, square: 1.0)

  init(like value: Tensor) throws {
    mean = try value.mul(0)
    square = try value.mul(0)
  }

  /// Changes `value` in place.
  mutating func step(_ value: Tensor, gradient: Tensor, rate: Double) throws {
    decay = (decay.mean * 0.9, decay.square * 0.999)
    try mean.mul_(0.9).add_(gradient, alpha: 0.1)
    try square.mul_(0.999).addcmul_(gradient, gradient, value: 0.001)
    let scale = try square.div(1 - decay.square).sqrt().add_(1e-8)
    try value.addcdiv_(mean, scale, value: -rate / (1 - decay.mean))
  }
}
