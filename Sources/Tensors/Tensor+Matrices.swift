import CTorchShim

extension Tensor {
  /// `[..., M, K]` times `[..., K, N]`.
  package func matmul(_ other: Tensor) throws -> Tensor {
    try make("matrix product", self, other) { ct_matmul($0, $1, $2) }
  }

  /// beta * self + alpha * a b; self broadcasts to `[M, N]`.
  package func addmm(_ a: Tensor, _ b: Tensor, beta: Double = 1, alpha: Double = 1) throws -> Tensor {
    try make("matrix product and sum", self, a, b) { c, a, b, out in ct_addmm(c, a, b, beta, alpha, out) }
  }

  /// Distances of order `p` between rows: `[M, D]` and `[N, D]` to `[M, N]`.
  package func pairwiseDistance(_ other: Tensor, p: Double = 2) throws -> Tensor {
    try make("pairwise distance", self, other) { ct_pairwise_distance($0, $1, p, $2) }
  }

  /// int64 ranks of `[..., M, N]`, with NumPy's default tolerance.
  package func matrixRank() throws -> Tensor {
    try make("matrix rank", self) { ct_matrix_rank($0, $1) }
  }

  /// Of `[..., M, N]`, largest first.
  package func singularValues() throws -> Tensor {
    try make("singular values", self) { ct_singular_values($0, $1) }
  }
}
