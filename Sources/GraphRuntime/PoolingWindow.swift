import ModelGraph
import Tensors

/// 2-D pooling with ONNX's padding: each side its own amount, of any size, and sizes that round up.
///
/// libtorch knows only equal borders of at most half the kernel. Elsewhere the border is made explicitly, as large as the
/// windows reach; the number of windows is ModelGraph's rule.
struct PoolingWindow {
  private let kernel: (Int, Int)
  private let strides: (Int, Int)
  private let padding: Padding
  private let ceilMode: Bool
  private let countsPadding: Bool

  init(_ pooling: Pooling) {
    kernel = (pooling.kernel[0], pooling.kernel[1])
    strides = (pooling.strides[0], pooling.strides[1])
    padding = pooling.padding
    ceilMode = pooling.ceilMode
    countsPadding = pooling.countsPadding
  }

  func maximum(_ x: Tensor) throws -> Tensor {
    if isDirect {
      return try x.maxPool(
        kernel: kernel, strides: strides, padding: (padding.top, padding.left), ceilMode: ceilMode)
    }
    let border = try border(around: x)
    return try x.pad(before: border.before, after: border.after, value: -Double.infinity)
      .maxPool(kernel: kernel, strides: strides)
  }

  func average(_ x: Tensor) throws -> Tensor {
    if isDirect {
      return try x.averagePool(
        kernel: kernel, strides: strides, padding: (padding.top, padding.left), ceilMode: ceilMode,
        countsPadding: countsPadding)
    }
    let border = try border(around: x)
    let sums = try x.pad(before: border.before, after: border.after)
      .averagePool(kernel: kernel, strides: strides, divisor: 1)
    return try sums.div(counts(like: x, border: border))
  }

  private var isDirect: Bool {
    padding.isSymmetric && 2 * padding.top <= kernel.0 && 2 * padding.left <= kernel.1
  }

  /// How many elements each window averages over, `[1, 1, H', W']`.
  private func counts(like x: Tensor, border: (before: [Int], after: [Int])) throws -> Tensor {
    let size = x.shape
    // With counted padding the border that was asked for counts, but not what rounding up reaches beyond it.
    let counted = countsPadding ? padding : Padding()
    let ones = try Tensor.ones(
      [1, 1, size[2] + counted.top + counted.bottom, size[3] + counted.left + counted.right], type: x.type,
      device: x.device)
    return try ones.pad(
      before: [0, 0, border.before[2] - counted.top, border.before[3] - counted.left],
      after: [0, 0, border.after[2] - counted.bottom, border.after[3] - counted.right]
    ).averagePool(kernel: kernel, strides: strides, divisor: 1).maximum(1)
  }

  private func border(around x: Tensor) throws -> (before: [Int], after: [Int]) {
    let size = x.shape
    guard size.count == 4 else {
      throw TensorError(.refused, operation: "pooling", shapes: [size], detail: "the input needs four axes")
    }
    let bottom = try trailing(
      size: size[2], before: padding.top, after: padding.bottom, kernel: kernel.0, stride: strides.0, shape: size)
    let right = try trailing(
      size: size[3], before: padding.left, after: padding.right, kernel: kernel.1, stride: strides.1, shape: size)
    return ([0, 0, padding.top, padding.left], [0, 0, bottom, right])
  }

  /// What the last window reaches beyond the input; negative where no window covers the last elements.
  private func trailing(size: Int, before: Int, after: Int, kernel: Int, stride: Int, shape: [Int]) throws -> Int {
    let room = size + before + after - kernel
    guard room >= 0, stride > 0 else {
      throw TensorError(
        .refused, operation: "pooling", shapes: [shape], detail: "the kernel \(kernel) is larger than the padded input")
    }
    var count = room / stride + 1
    if ceilMode {
      count = (room + stride - 1) / stride + 1
      if (count - 1) * stride >= size + before { count -= 1 }
    }
    return (count - 1) * stride + kernel - size - before
  }
}
