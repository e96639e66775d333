import CTorchShim

/// The order of four axes in memory; shapes are `[N, C, H, W]` in both.
package enum MemoryFormat: Sendable, Hashable {
  case contiguous, channelsLast
}

/// Shapes, parts and indices. Results may share memory with the input where libtorch makes views.
extension Tensor {
  /// One axis may be -1: what is left over.
  package func reshape(_ shape: [Int]) throws -> Tensor {
    try make("reshape", self) { ct_reshape($0, shape, shape.count, $1) }
  }

  /// To two axes: the product of those before `axis`, and of the others.
  package func flatten(_ axis: Int = 1) throws -> Tensor {
    try make("flatten", self) { ct_to_matrix($0, axis, $1) }
  }

  package func permute(_ axes: [Int]) throws -> Tensor {
    try make("permute", self) { ct_permute($0, axes, axes.count, $1) }
  }

  /// Swaps two axes.
  package func transpose(_ axis: Int = 0, _ other: Int = 1) throws -> Tensor {
    try make("transpose", self) { ct_transpose($0, axis, other, $1) }
  }

  /// Repeats axes of one element without copying; -1 keeps an axis.
  package func expand(_ shape: [Int]) throws -> Tensor {
    try make("expand", self) { ct_expand($0, shape, shape.count, $1) }
  }

  package static func cat(_ tensors: [Tensor], axis: Int) throws -> Tensor {
    try make("concatenate", list: tensors) { ct_cat($0, tensors.count, axis, $1) }
  }

  /// Along a new axis.
  package static func stack(_ tensors: [Tensor], axis: Int = 0) throws -> Tensor {
    try make("stack", list: tensors) { ct_stack($0, tensors.count, axis, $1) }
  }

  /// Positions `start`, `start + step`, ... before `end`; both may be negative or lie beyond the axis.
  package func slice(_ axis: Int, _ start: Int, _ end: Int, step: Int = 1) throws -> Tensor {
    try make("slice", self) { ct_slice($0, axis, start, end, step, $1) }
  }

  /// Positions of the range along `axis`.
  package func slice(_ axis: Int, _ range: Range<Int>) throws -> Tensor {
    try slice(axis, range.lowerBound, range.upperBound)
  }

  /// A border of `value`; amounts for every axis, and negative amounts cut.
  package func pad(before: [Int], after: [Int], value: Double = 0) throws -> Tensor {
    guard before.count == after.count else {
      throw TensorError(
        .refused, operation: "pad", shapes: [shape], detail: "\(before.count) amounts before, \(after.count) after")
    }
    let amounts = zip(before, after).flatMap { [$0, $1] }
    return try make("pad", self) { ct_pad($0, amounts, before.count, value, $1) }
  }

  package func flip(_ axes: [Int]) throws -> Tensor {
    try make("flip", self) { ct_flip($0, axes, axes.count, $1) }
  }

  /// The slices at int64 (or int32) `indices`, a vector, along `axis`.
  package func indexSelect(_ axis: Int, _ indices: Tensor) throws -> Tensor {
    try make("index select", self, indices) { ct_index_select($0, axis, $1, $2) }
  }

  /// The slices at `indices` along the first axis: a batch of samples.
  package func takeRows(_ indices: Tensor) throws -> Tensor { try indexSelect(0, indices) }

  /// result[i][j] = self[i][indices[i][j]] for axis 1, and so on; int64 indices, of the input's rank.
  package func gather(_ axis: Int, _ indices: Tensor) throws -> Tensor {
    try make("gather", self, indices) { ct_gather($0, axis, $1, $2) }
  }

  /// int64 labels `[...]` to int64 `[..., classes]`.
  package func oneHot(_ classes: Int) throws -> Tensor {
    try make("one-hot", self) { ct_one_hot($0, classes, $1) }
  }

  /// The tensor itself where it is laid out so already. Channels last needs four axes.
  package func contiguous(_ format: MemoryFormat = .contiguous) throws -> Tensor {
    try make("contiguous", self) { ct_contiguous($0, format == .channelsLast, $1) }
  }

  /// Shares memory when the tensor is there already.
  package func to(_ device: Device) throws -> Tensor {
    try make("to device", self) { ct_to_device($0, device.code, $1) }
  }

  /// Shares memory when the tensor has this type already.
  package func to(_ type: ScalarType) throws -> Tensor {
    try make("to type", self) { ct_to_type($0, type.code, $1) }
  }

  /// A copy, on the gradient's tape.
  package func clone() throws -> Tensor { try make("clone", self) { ct_clone($0, $1) } }

  /// The same memory, off the gradient's tape.
  package func detach() throws -> Tensor { try make("detach", self) { ct_detach($0, $1) } }
}
