import ModelGraph
import Tensors

extension KernelContext {
  func maxPool(_ pooling: Pooling) throws -> KernelBody {
    try expectInputs(1...1)
    try expectOutputs(2)
    try checkPooling(pooling)
    if isWanted(1) {
      return { call in
        let window = try PoolingWindow(pooling, over: call.tensor(0))
        let (values, indices) = try window.maximumWithIndices(call.tensor(0), columnMajor: pooling.columnMajorIndices)
        return [values, indices]
      }
    }
    if let plain = PlainPooling(pooling) { return { call in [try plain.maximum(call.tensor(0))] } }
    return { call in [try PoolingWindow(pooling, over: call.tensor(0)).maximum(call.tensor(0))] }
  }

  func averagePool(_ pooling: Pooling) throws -> KernelBody {
    try expectInputs(1...1)
    try checkPooling(pooling)
    if let plain = PlainPooling(pooling) { return { call in [try plain.average(call.tensor(0))] } }
    return { call in
      [try PoolingWindow(pooling, over: call.tensor(0)).average(call.tensor(0), countsPadding: pooling.countsPadding)]
    }
  }

  private func checkPooling(_ pooling: Pooling) throws {
    guard !pooling.kernel.isEmpty, (pooling.kernel + pooling.strides + pooling.dilations).allSatisfy({ $0 > 0 }) else {
      throw failure("needs a kernel, strides and dilations that are all positive")
    }
  }
}

/// The common pooling, which libtorch has as it is: two spatial axes and equal borders of at most half the kernel.
private struct PlainPooling {
  private let kernel: (Int, Int)
  private let strides: (Int, Int)
  private let padding: (Int, Int)
  private let ceilMode: Bool
  private let countsPadding: Bool

  init?(_ pooling: Pooling) {
    let padding = pooling.padding
    let border = padding.before.isEmpty ? [0, 0] : padding.before
    let strides = pooling.strides.isEmpty ? [1, 1] : pooling.strides
    guard padding.rule == .explicit, padding.before == padding.after, pooling.kernel.count == 2, strides.count == 2,
      border.count == 2, pooling.dilations.allSatisfy({ $0 == 1 }),
      (0..<2).allSatisfy({ border[$0] >= 0 && 2 * border[$0] <= pooling.kernel[$0] })
    else { return nil }
    kernel = (pooling.kernel[0], pooling.kernel[1])
    self.strides = (strides[0], strides[1])
    self.padding = (border[0], border[1])
    ceilMode = pooling.ceilMode
    countsPadding = pooling.countsPadding
  }

  func maximum(_ x: Tensor) throws -> Tensor {
    try x.maxPool(kernel: kernel, strides: strides, padding: padding, ceilMode: ceilMode)
  }

  func average(_ x: Tensor) throws -> Tensor {
    try x.averagePool(
      kernel: kernel, strides: strides, padding: padding, ceilMode: ceilMode, countsPadding: countsPadding)
  }
}
