/// Linear systems of a few unknowns by plain elimination, as an oracle.
enum GaussianElimination {
  /// X with `matrix` X = `right`, `right` by rows.
  static func solve(_ matrix: [[Double]], _ right: [[Double]]) -> [[Double]] {
    var rows = zip(matrix, right).map { $0 + $1 }
    let count = matrix.count
    for column in 0..<count {
      let pivot = (column..<count).max { abs(rows[$0][column]) < abs(rows[$1][column]) } ?? column
      rows.swapAt(column, pivot)
      for row in 0..<count where row != column {
        let factor = rows[row][column] / rows[column][column]
        for place in column..<rows[row].count { rows[row][place] -= factor * rows[column][place] }
      }
    }
    return rows.enumerated().map { index, row in row[count...].map { $0 / row[index] } }
  }

  static func inverse(_ matrix: [[Double]]) -> [[Double]] {
    solve(matrix, matrix.indices.map { row in matrix.indices.map { row == $0 ? 1 : 0 } })
  }

  static func part(_ matrix: [[Double]], _ rows: [Int], _ columns: [Int]) -> [[Double]] {
    rows.map { row in columns.map { matrix[row][$0] } }
  }

  static func product(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
    matrix.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
  }
}
