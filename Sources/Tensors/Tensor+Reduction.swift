import CTorchShim

/// Reductions: no axes means all of them, and negative axes count from the last.
extension Tensor {
  package func sum(_ axes: [Int] = [], keepsAxes: Bool = false) throws -> Tensor {
    try reduce("sum", CT_SUM, axes, keepsAxes)
  }

  package func mean(_ axes: [Int] = [], keepsAxes: Bool = false) throws -> Tensor {
    try reduce("mean", CT_MEAN, axes, keepsAxes)
  }

  package func max(_ axes: [Int] = [], keepsAxes: Bool = false) throws -> Tensor {
    try reduce("max", CT_AMAX, axes, keepsAxes)
  }

  package func min(_ axes: [Int] = [], keepsAxes: Bool = false) throws -> Tensor {
    try reduce("min", CT_AMIN, axes, keepsAxes)
  }

  /// Divides by the count, or by one less when `unbiased`.
  package func variance(_ axes: [Int] = [], unbiased: Bool, keepsAxes: Bool = false) throws -> Tensor {
    try reduce("variance", unbiased ? CT_VAR_UNBIASED : CT_VAR, axes, keepsAxes)
  }

  /// Boolean: every element is true, or not zero.
  package func all(_ axes: [Int] = [], keepsAxes: Bool = false) throws -> Tensor {
    try reduce("all", CT_ALL, axes, keepsAxes)
  }

  /// Boolean: some element is true, or not zero.
  package func any(_ axes: [Int] = [], keepsAxes: Bool = false) throws -> Tensor {
    try reduce("any", CT_ANY, axes, keepsAxes)
  }

  /// The vector norm of order `p`: 1, 2 and infinity among them.
  package func norm(_ p: Double = 2, _ axes: [Int] = [], keepsAxes: Bool = false) throws -> Tensor {
    try make("norm", self) { ct_norm($0, p, axes, axes.count, keepsAxes, $1) }
  }

  /// int64 positions of the first largest element along `axis`.
  package func argmax(_ axis: Int = -1) throws -> Tensor {
    try make("argmax", self) { ct_argmax($0, axis, $1) }
  }

  /// int64 positions of the first smallest element along `axis`.
  package func argmin(_ axis: Int = -1) throws -> Tensor {
    try make("argmin", self) { ct_argmin($0, axis, $1) }
  }

  package func cumulativeSum(_ axis: Int) throws -> Tensor {
    try make("cumulative sum", self) { ct_cumsum($0, axis, $1) }
  }

  /// The `k` largest (or smallest) along `axis`, best first, and their int64 positions.
  package func topK(_ k: Int, axis: Int = -1, largest: Bool = true) throws -> (values: Tensor, indices: Tensor) {
    try pair("top k") { ct_topk($0, k, axis, largest, $1, $2) }
  }

  /// Stable: equal elements keep their order. The int64 positions say where each came from.
  package func sorted(axis: Int = -1, descending: Bool = false) throws -> (values: Tensor, indices: Tensor) {
    try pair("sort") { ct_sort($0, axis, descending, $1, $2) }
  }

  /// Counts in `bins` equal ranges of `low...high`; elements outside are not counted.
  package func histogram(bins: Int, low: Double, high: Double) throws -> Tensor {
    try make("histogram", self) { ct_histogram($0, bins, low, high, $1) }
  }

  /// How often each whole number from zero occurs in a vector of them, int64.
  package func binCount(minimumLength: Int = 0) throws -> Tensor {
    try make("bin count", self) { ct_bincount($0, minimumLength, $1) }
  }

  private func reduce(
    _ name: StaticString, _ function: CTReduction, _ axes: [Int], _ keepsAxes: Bool
  ) throws -> Tensor {
    try make(name, self) { ct_reduce(function, $0, axes, axes.count, keepsAxes, $1) }
  }

  private func pair(
    _ name: StaticString, _ call: (OpaquePointer, ShimResult, ShimResult) -> CTStatus
  ) throws -> (values: Tensor, indices: Tensor) {
    try withExtendedLifetime(self) {
      var values: OpaquePointer?
      var indices: OpaquePointer?
      try check(call(handle, &values, &indices), name, [self])
      return (try owned(values, name), try owned(indices, name))
    }
  }
}
