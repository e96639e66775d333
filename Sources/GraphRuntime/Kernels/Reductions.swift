import ModelGraph
import Tensors

extension KernelContext {
  func reduce(_ attributes: Reduction) throws -> KernelBody {
    try expectInputs(1...2)
    return { call in
      let x = try call.tensor(0)
      let axes = try AxisRules.reduced(
        rank: x.rank, axes: call.optionalIntegers(1), leavesWithoutAxes: attributes.leavesWithoutAxes)
      return [try x.reduced(attributes.function, axes, keeping: attributes.keepsAxes)]
    }
  }

  func softmax(axis: Int) throws -> KernelBody {
    try unary { try $0.softmax(axis) }
  }

  func logSoftmax(axis: Int) throws -> KernelBody {
    try unary { try $0.logSoftmax(axis) }
  }

  func globalAveragePool() throws -> KernelBody {
    try unary { try $0.mean(Array(2..<Swift.max($0.rank, 3)), keepsAxes: true) }
  }

  func globalMaxPool() throws -> KernelBody {
    try unary { try $0.reduced(.maximum, Array(2..<Swift.max($0.rank, 3)), keeping: true) }
  }
}

extension Tensor {
  /// In the tensor's own type. No axes means that each element is a set of its own.
  fileprivate func reduced(_ function: ReductionFunction, _ axes: [Int], keeping: Bool) throws -> Tensor {
    let type = type
    switch function {
    case .mean:
      if type.isFloatingPoint { return try axes.isEmpty ? self : mean(axes, keepsAxes: keeping) }
      let count = axes.reduce(1) { $0 * size($1) }
      let total = try carried().total(axes, keeping)
      return try ATenOperator.divide.one(.tensor(total), .integer(count), "trunc").to(type)
    case .sum: return try carried().total(axes, keeping).to(type)
    case .maximum, .minimum: return try extreme(function == .maximum, axes, keeping)
    case .product:
      var result = try carried()
      let inner = result.type
      for axis in axes.reversed() {
        result = try ATenOperator.product.one(.tensor(result), .integer(axis), .flag(keeping)).to(inner)
      }
      return try result.to(type)
    case .l1: return try (type.isCarried ? carried() : abs()).total(axes, keeping).to(type)
    case .l2:
      if axes.isEmpty { return try abs() }
      // An integer's root is taken of the sum, then cut off.
      if type.isFloatingPoint { return try norm(2, axes, keepsAxes: keeping) }
      return try to(.float64).square().sum(axes, keepsAxes: keeping).sqrt().to(type)
    case .sumOfSquares:
      let x = try carried()
      return try x.mul(x).total(axes, keeping).to(type)
    case .logSum: return try total(axes, keeping).log()
    case .logSumExp:
      return try axes.isEmpty ? self : ATenOperator.logSumExp.one(.tensor(self), .integers(axes), .flag(keeping))
    }
  }

  private func total(_ axes: [Int], _ keeping: Bool) throws -> Tensor {
    try axes.isEmpty ? self : sum(axes, keepsAxes: keeping)
  }

  /// Of nothing: the end of the type's range that every value beats.
  private func extreme(_ isMaximum: Bool, _ axes: [Int], _ keeping: Bool) throws -> Tensor {
    if axes.isEmpty { return self }
    let type = type
    if axes.contains(where: { size($0) == 0 }) {
      let shape = AxisRules.removing(axes, from: shape, keeping: keeping)
      return try Tensor.extreme(of: type, isMaximum: isMaximum, shape: shape, device: device)
    }
    let x = try ordered()
    return try (isMaximum ? x.max(axes, keepsAxes: keeping) : x.min(axes, keepsAxes: keeping)).unordered(as: type)
  }

  /// Filled with the least value of a type (for a maximum) or the greatest.
  private static func extreme(
    of type: ScalarType, isMaximum: Bool, shape: [Int], device: Device
  ) throws -> Tensor {
    guard let range = type.integerRange else {
      return try full(isMaximum ? -.infinity : .infinity, shape: shape, type: type, device: device)
    }
    // As an integer: a float64 does not hold the largest of 64 bits.
    let value = isMaximum ? range.least : range.greatest
    return try ATenOperator.full.one(.integers(shape), .integer(value), .type(.int64), nil, .device(device)).to(type)
  }
}

extension ATenOperator {
  fileprivate static let full = ATenOperator("aten::full")
  fileprivate static let divide = ATenOperator("aten::div", "Scalar_mode")
  fileprivate static let product = ATenOperator("aten::prod", "dim_int")
  fileprivate static let logSumExp = ATenOperator("aten::logsumexp")
}
