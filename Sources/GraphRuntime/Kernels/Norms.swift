import Foundation
import ModelGraph
import Tensors

private let determinants = ATenOperator("aten::det")
private let slidingProduct = ATenOperator("aten::convolution")

extension KernelContext {
  /// The p-norm of each window.
  func lpPool(_ pooling: Pooling, p: Int) throws -> KernelBody {
    try expectInputs(1...1)
    guard p > 0 else { throw failure("has the norm \(p)") }
    return { call in
      let x = try call.tensor(0)
      guard x.rank > 2 else { throw failure("has an input of shape \(x.shape)") }
      let spatial = Array(x.shape[2...])
      let window = try WindowGeometry.sliding(
        over: spatial, kernel: pooling.kernel, strides: pooling.strides, dilations: pooling.dilations,
        padding: pooling.padding, ceilMode: pooling.ceilMode)
      let powers = try x.precise.abs().pow(Double(p)).reshape([x.shape[0] * x.shape[1], 1] + spatial)
      let sums = try window.summing(powers)
      return [try sums.root(p).reshape(Array(x.shape[..<2]) + window.output).to(x.type)]
    }
  }

  func globalLpPool(p: Int) throws -> KernelBody {
    guard p > 0 else { throw failure("has the norm \(p)") }
    return try unary { x in
      guard x.rank > 2 else { throw failure("has an input of shape \(x.shape)") }
      return try x.precise.norm(Double(p), Array(2..<x.rank), keepsAxes: true).to(x.type)
    }
  }

  /// Divides by a power of the mean square of neighbouring channels (Krizhevsky and others 2012).
  func localResponseNormalization(_ attributes: LocalResponseNormalization) throws -> KernelBody {
    let size = attributes.size
    guard size > 0 else { throw failure("has windows of \(size) channels") }
    return try unary { given in
      let x = try given.precise
      guard x.rank >= 2 else { throw failure("has an input of shape \(x.shape)") }
      let channels = x.shape[1]
      var before = [Int](repeating: 0, count: x.rank)
      var after = before
      before[1] = (size - 1) / 2
      after[1] = size / 2
      let squares = try x.square().pad(before: before, after: after)
      var sum = try squares.slice(1, 0, channels)
      for offset in 1..<max(size, 1) { sum = try sum + squares.slice(1, offset, offset + channels) }
      let scale = try sum.mul(attributes.alpha / Double(size)).add(attributes.bias).pow(-attributes.beta)
      return try (x * scale).to(given.type)
    }
  }

  /// Divides by the norm along an axis; what has no norm stays zero.
  func lpNormalization(_ attributes: LpNormalization) throws -> KernelBody {
    guard attributes.p == 1 || attributes.p == 2 else {
      throw failure("has the norm \(attributes.p); it must be 1 or 2")
    }
    return try unary { given in
      let x = try given.precise
      let norm = try x.norm(Double(attributes.p), [position(attributes.axis, in: x)], keepsAxes: true)
      return try (x / norm.filled(1, where: norm.detach().eq(0))).to(given.type)
    }
  }

  /// To mean zero and deviation one over the axes.
  func meanVarianceNormalization(axes: [Int]) throws -> KernelBody {
    try unary { given in
      let x = try given.precise
      let axes = try axes.map { try position($0, in: x) }
      let centered = try x - x.mean(axes, keepsAxes: true)
      // ONNX adds to the deviation, not to the variance.
      let deviation = try centered.square().mean(axes, keepsAxes: true).root(2).add(1e-9)
      return try (centered / deviation).to(given.type)
    }
  }

  func determinant() throws -> KernelBody {
    try unary { x in try determinants.one(.tensor(x.precise)).to(x.type) }
  }
}

extension WindowGeometry {
  /// Each window's sum over `[B, 1, spatial...]`.
  fileprivate func summing(_ x: Tensor) throws -> Tensor {
    let ones = try Tensor.ones([1, 1] + kernel, type: x.type, device: x.device)
    let none: ATenArgument = .integers([Int](repeating: 0, count: kernel.count))
    return try slidingProduct.one(
      .tensor(bordered(x)), .tensor(ones), .none, .integers(strides), none, .integers(dilations), .flag(false), none,
      .integer(1))
  }

  /// The input with its border, cut or enlarged to what the windows reach.
  func bordered(_ x: Tensor) throws -> Tensor {
    let ends = kernel.indices.map { axis in
      (output[axis] - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1 - before[axis] - x.shape[axis + 2]
    }
    return try x.pad(before: [0, 0] + before, after: [0, 0] + ends)
  }
}

extension Tensor {
  /// The p-th root of what is not negative, with the gradient zero where it is zero.
  fileprivate func root(_ p: Int) throws -> Tensor {
    if p == 1 { return self }
    let isZero = try detach().eq(0)
    let positive = try filled(1, where: isZero)
    return try (p == 2 ? positive.sqrt() : positive.pow(1 / Double(p))).filled(0, where: isZero)
  }
}
