import ChannelGroups
import ModelGraph
import Tensors

/// Sums of squares of what kernels are multiplied with, over all calibration batches, in double precision.
enum InputSquares {
  /// For each weight a tensor that can be broadcast to its shape: for each of its input features the sum of squares
  /// over all samples and positions. A weight that several nodes read gets the sum over them.
  static func sums(for weights: [String], in context: ScoringContext) throws -> [String: Tensor] {
    struct Reading {
      let node: Node
      let position: Int
    }
    let graph = context.module.graph
    let asked = Set(weights)
    var readings: [String: [Reading]] = [:]
    for node in graph.nodes {
      for position in node.kernelPositions where position < node.inputs.count && asked.contains(node.inputs[position]) {
        guard let value = node.factor(ofKernelAt: position) else { continue }
        readings[value, default: []].append(Reading(node: node, position: position))
      }
    }
    var sums: [String: Tensor] = [:]
    try context.forEachForward(observing: Set(readings.keys)) { value, tensor, _ in
      let squares = try tensor.to(.float64).square()
      for reading in readings[value] ?? [] {
        let weight = reading.node.inputs[reading.position]
        let shape = graph.weights[weight]?.shape ?? []
        guard let part = try reading.node.features(of: squares, forKernelAt: reading.position, shape) else { continue }
        sums[weight] = try sums[weight]?.add(part) ?? part
      }
    }
    return sums
  }
}

extension Node {
  /// The value that the kernel at an input is multiplied with. A recurrent weight is multiplied with the states, which
  /// are taken from all that the layer puts out, or from the last one where it puts out no others.
  fileprivate func factor(ofKernelAt position: Int) -> String? {
    if case .recurrent = op { return position == 2 ? outputs.first { !$0.isEmpty } : inputs.first }
    return inputs.indices.first { $0 != position && kernelPositions.contains($0) }.map { inputs[$0] } ?? inputs.first
  }

  /// Squares of a value, summed to one number for each feature that the kernel reads, laid along the kernel's axes; nil
  /// where they do not meet.
  fileprivate func features(of squares: Tensor, forKernelAt position: Int, _ kernel: [Int]) throws -> Tensor? {
    func sum(keeping axes: [Int]) throws -> Tensor {
      let others = (0..<squares.rank).filter { !axes.contains($0) }
      return others.isEmpty ? squares : try squares.sum(others)
    }
    func along(_ axis: Int) throws -> [Int] { kernel.indices.map { $0 == axis ? -1 : 1 } }
    switch kernelOperator {
    case .convolution(let groups): return try Self.channels(sum(keeping: [1]), groups: groups, kernel)
    case .transposedConvolution, .causalConvolution: return try sum(keeping: [1]).reshape(along(0))
    case .gemm(let gemm):
      if position == 1 {
        return try sum(keeping: [gemm.transposesA ? 0 : 1]).reshape(along(gemm.transposesB ? 1 : 0))
      }
      return try sum(keeping: [gemm.transposesB ? 1 : 0]).reshape(along(gemm.transposesA ? 0 : 1))
    case .matrixProduct:
      let last = squares.rank - 1
      if position == 1 { return try sum(keeping: [last]).reshape(along(max(kernel.count - 2, 0))) }
      return try sum(keeping: [max(last - 1, 0)]).reshape(along(kernel.count - 1))
    case .einsum(let equation):
      let other = position == 0 ? 1 : 0
      let ranks = inputs.indices.map { $0 == position ? kernel.count : squares.rank }
      guard inputs.count == 2, let terms = try? EinsumEquation(equation, ranks: ranks).operands else { return nil }
      let (own, read) = (terms[position], terms[other])
      let shared = own.filter { read.contains($0) }
      let places = shared.compactMap { read.firstIndex(of: $0) }
      let kept = try sum(keeping: places)
      let order = places.map { place in places.sorted().firstIndex(of: place) ?? 0 }
      let sizes = own.map { index in read.firstIndex(of: index).map { squares.shape[$0] } ?? 1 }
      return try kept.permute(order).reshape(sizes)
    case .recurrent(let recurrent):
      if position == 1 { return try sum(keeping: [2]).reshape(along(2)) }
      let directions = recurrent.batchFirst ? squares.rank - 2 : squares.rank - 3
      return try sum(keeping: [directions, squares.rank - 1]).reshape([kernel[0], 1, kernel[2]])
    case nil: return nil
    }
  }

  /// One number for each input channel, as a kernel `[O, C / groups, ...]` reads them.
  private static func channels(_ sums: Tensor, groups: Int, _ kernel: [Int]) throws -> Tensor {
    let spatial = Array(repeating: 1, count: kernel.count - 2)
    if groups == 1 { return try sums.reshape([1, kernel[1]] + spatial) }
    return try sums.reshape([groups, 1, kernel[1]]).expand([groups, kernel[0] / groups, kernel[1]])
      .reshape([kernel[0], kernel[1]] + spatial)
  }
}
