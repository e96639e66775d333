import ChannelGroups

/// A kernel seen as matrices `[outputs, inputs * positions]`, several where kernels lie side by side (a recurrent layer's directions).
///
/// Axes before both the input's and the output's count the matrices; all behind are positions, the innermost part of a column.
struct KernelMatrix {
  let rows: Int
  let columns: Int
  let count: Int
  private let starts: [Int]
  private let rowStride: Int
  private let columnOffsets: [Int]

  init(_ weight: PrunableWeight) {
    let shape = weight.shape
    var strides = Array(repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    let named = [weight.axes.output, weight.axes.input].compactMap { $0 }.filter { shape.indices.contains($0) }
    let outer = shape.indices.filter { axis in !named.isEmpty && named.allSatisfy { axis < $0 } }
    let inner =
      named.filter { $0 == weight.axes.input } + shape.indices.filter { !outer.contains($0) && !named.contains($0) }
    func offsets(_ axes: [Int]) -> [Int] {
      axes.reduce([0]) { offsets, axis in
        offsets.flatMap { start in (0..<shape[axis]).map { start + $0 * strides[axis] } }
      }
    }
    let output = weight.axes.output.flatMap { shape.indices.contains($0) ? $0 : nil }
    rows = output.map { shape[$0] } ?? 1
    rowStride = output.map { strides[$0] } ?? 0
    columnOffsets = offsets(inner)
    columns = columnOffsets.count
    starts = offsets(Array(outer))
    count = starts.count
  }

  /// Where an entry lies in the row-major weight.
  func place(_ matrix: Int, _ row: Int, _ column: Int) -> Int {
    starts[matrix] + row * rowStride + columnOffsets[column]
  }
}

extension PrunableWeight {
  /// The places of the elements that make each output, row-major places, ascending within a row: one row for every output of
  /// every kernel that lies in the weight.
  var rows: [[Int]] {
    let matrix = KernelMatrix(self)
    return (0..<matrix.count).flatMap { index in
      (0..<matrix.rows).map { row in (0..<matrix.columns).map { matrix.place(index, row, $0) }.sorted() }
    }
  }
}
