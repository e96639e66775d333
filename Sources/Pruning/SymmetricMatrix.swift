import Tensors

private let cholesky = ATenOperator("aten::linalg_cholesky")
private let solve = ATenOperator("aten::cholesky_solve")
private let inverse = ATenOperator("aten::cholesky_inverse")
private let diagonal = ATenOperator("aten::diagonal")

/// Symmetric positive definite matrices, one or a batch of them, `[..., n, n]` in float64, with their Cholesky factors.
struct SymmetricMatrix {
  /// Lower.
  let factor: Tensor

  /// Throws `TensorError` when the matrix is not positive definite.
  init(_ matrix: Tensor) throws {
    factor = try cholesky.one(.tensor(matrix), false)
  }

  /// x with matrix x = `right`, `[..., n, k]`.
  func solving(_ right: Tensor) throws -> Tensor { try solve.one(.tensor(right), .tensor(factor), false) }

  func inverted() throws -> Tensor { try inverse.one(.tensor(factor), false) }

  /// The diagonals of `[..., n, n]`, `[..., n]`.
  static func diagonal(_ matrix: Tensor) throws -> Tensor {
    try Pruning.diagonal.one(.tensor(matrix), 0, .integer(-2), .integer(-1))
  }

  /// The upper triangular U with U^T U = `matrix`.
  static func upperFactor(_ matrix: Tensor) throws -> Tensor { try cholesky.one(.tensor(matrix), true) }

  static func identity(_ size: Int, device: Device) throws -> Tensor {
    var values = [Double](repeating: 0, count: size * size)
    for index in 0..<size { values[index * (size + 1)] = 1 }
    return try Tensor(doubles: values, shape: [size, size], device: device)
  }

  /// The rows and columns of one matrix at `indices`.
  static func part(_ matrix: Tensor, _ indices: [Int]) throws -> Tensor {
    let places = try Tensor(int64s: indices.map(Int64.init), shape: [indices.count], device: matrix.device)
    return try matrix.indexSelect(0, places).indexSelect(1, places)
  }
}
