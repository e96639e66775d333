import Support
import Tensors

/// New weights of a layer that lost some, such that its outputs change least: the minimum of the sum over rows of
/// (w' - w)^T H (w' - w) with H of the layer's inputs (`LayerInputs`).
struct LayerReconstruction {
  /// Products up to which each row is solved exactly.
  static let exactLimit = 1e11
  /// Columns of one lazy block of the sweep.
  static let blockWidth = 128

  private let inputs: LayerInputs

  init(_ inputs: LayerInputs) {
    self.inputs = inputs
  }

  /// `weight` and `mask` (what stays) are `[groups, rows, columns]`, row-major.
  ///
  /// Rows that keep the same columns K are solved together, w'_K = (H_KK)^-1 H_K: w, which takes K^3 / 3 products for
  /// each different K. Beyond the limit (very wide layers whose rows all keep other columns) Frantar and Alistarh's
  /// sweep takes its place.
  func updated(
    _ weight: Tensor, mask: [Bool], exactLimit: Double = Self.exactLimit, progress: WorkProgress = .unwatched
  ) throws -> Tensor {
    let (groups, rows, columns) = (inputs.view.groups, inputs.view.rows, inputs.view.columns)
    let device = weight.device
    var results: [Tensor] = []
    for group in 0..<groups {
      let hessian = try inputs.hessian.slice(0, group, group + 1).reshape([columns, columns])
      let matrix = try weight.slice(0, group, group + 1).reshape([rows, columns])
      let start = group * rows * columns
      let kept = Dictionary(grouping: 0..<rows) { row in
        Array(mask[(start + row * columns)..<(start + (row + 1) * columns)])
      }
      let cost = kept.keys.reduce(0.0) { sum, columns in
        let size = Double(columns.count { $0 })
        return sum + size * size * size / 3
      }
      if cost <= exactLimit {
        var values = try matrix.doubles
        for (stays, members) in kept where stays.contains(false) {
          try progress.report()
          let solved = try solution(hessian, matrix, keeping: stays, rows: members)
          for (place, row) in members.enumerated() {
            values.replaceSubrange(row * columns..<(row + 1) * columns, with: solved[place])
          }
        }
        results.append(try Tensor(doubles: values, shape: [rows, columns], device: device))
      } else {
        let ones = mask[start..<(start + rows * columns)].map { $0 ? 1.0 : 0 }
        let mask = try Tensor(doubles: ones, shape: [rows, columns], device: device)
        results.append(try swept(hessian, matrix, mask: mask, progress))
      }
    }
    return try Tensor.stack(results)
  }

  private func solution(_ hessian: Tensor, _ matrix: Tensor, keeping: [Bool], rows: [Int]) throws -> [[Double]] {
    let kept = keeping.indices.filter { keeping[$0] }
    var result = rows.map { _ in [Double](repeating: 0, count: keeping.count) }
    guard !kept.isEmpty else { return result }
    let places = try Tensor(int64s: kept.map(Int64.init), shape: [kept.count], device: matrix.device)
    let members = try Tensor(int64s: rows.map(Int64.init), shape: [rows.count], device: matrix.device)
    let right = try hessian.indexSelect(0, places).matmul(matrix.indexSelect(0, members).transpose())
    let solved = try SymmetricMatrix(SymmetricMatrix.part(hessian, kept)).solving(right).transpose().contiguous()
      .doubles
    for row in rows.indices {
      for (place, column) in kept.enumerated() { result[row][column] = solved[row * kept.count + place] }
    }
    return result
  }

  /// Algorithm 1 of the paper for a fixed mask: column by column, each removed weight's error over the factor's
  /// diagonal goes to the columns behind it, at once within a block and by one product beyond it. Columns before it
  /// stay, which is where it falls short of the exact solution.
  private func swept(
    _ hessian: Tensor, _ matrix: Tensor, mask: Tensor, _ progress: WorkProgress
  ) throws -> Tensor {
    let factor = try SymmetricMatrix.upperFactor(SymmetricMatrix(hessian).inverted())
    let columns = matrix.shape[1]
    let result = try matrix.clone()
    for start in stride(from: 0, to: columns, by: Self.blockWidth) {
      let end = min(start + Self.blockWidth, columns)
      let block = try result.slice(1, start, end)
      let removed = try mask.slice(1, start, end).neg().add(1)
      var errors: [Tensor] = []
      for column in 0..<(end - start) {
        try progress.report()
        let row = try factor.slice(0, start + column, start + column + 1)
        let pivot = try row.slice(1, start + column, start + column + 1)
        let error = try block.slice(1, column, column + 1).mul(removed.slice(1, column, column + 1)).div(pivot)
        try block.slice(1, column, end - start).add_(error.matmul(row.slice(1, start + column, end)), alpha: -1)
        errors.append(error)
      }
      if end < columns {
        let rows = try factor.slice(0, start, end).slice(1, end, columns)
        try result.slice(1, end, columns).add_(Tensor.cat(errors, axis: 1).matmul(rows), alpha: -1)
      }
    }
    return try result.mul(mask)
  }
}
