import ModelGraph

/// Which axis of a kernel makes the layer's outputs and which one the layer sums over; the others are kernel positions, or
/// kernels side by side (a recurrent layer's directions, a batched product's batch).
package struct KernelAxes: Sendable, Hashable {
  package var output: Int?
  package var input: Int?

  package init(output: Int?, input: Int?) {
    self.output = output
    self.input = input
  }

  /// As convolutions and PyTorch's linear layers have them: `[outputs, inputs, positions...]`; a vector has inputs only.
  package static func usual(rank: Int) -> KernelAxes {
    rank > 1 ? KernelAxes(output: 0, input: 1) : KernelAxes(output: nil, input: rank == 1 ? 0 : nil)
  }
}

extension Node {
  /// The axes of the kernel that the node reads at a position, one of `kernelPositions`.
  func kernelAxes(at position: Int, ranks: [Int]) -> KernelAxes {
    let rank = position < ranks.count ? ranks[position] : 0
    guard rank > 1 else { return .usual(rank: rank) }
    switch kernelOperator {
    case .convolution, .causalConvolution, nil: return .usual(rank: rank)
    case .transposedConvolution: return KernelAxes(output: 1, input: 0)
    case .gemm(let gemm):
      let isFlipped = position == 0 ? gemm.transposesA : !gemm.transposesB
      return isFlipped ? KernelAxes(output: 1, input: 0) : KernelAxes(output: 0, input: 1)
    case .matrixProduct:
      return position == 0
        ? KernelAxes(output: rank - 2, input: rank - 1) : KernelAxes(output: rank - 1, input: rank - 2)
    case .recurrent: return KernelAxes(output: 1, input: 2)
    case .einsum(let equation):
      guard let parsed = try? EinsumEquation(equation, ranks: ranks) else { return .usual(rank: rank) }
      let own = parsed.operands[position]
      let others = parsed.operands.indices.filter { $0 != position }.flatMap { parsed.operands[$0] }
      return KernelAxes(
        output: own.firstIndex { parsed.output.contains($0) && !others.contains($0) },
        input: own.lastIndex { !parsed.output.contains($0) })
    }
  }
}
