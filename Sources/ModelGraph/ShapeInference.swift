extension Graph {
  /// The concrete shape of every value, weights included, when each symbolic axis has the size given for it, else 1.
  ///
  /// Throws `GraphError(.shapeMismatch)` naming the node and the shapes. Linear in the nodes.
  package func shapes(binding sizes: [String: Int] = [:]) throws -> [String: [Int]] {
    var shapes = weights.mapValues(\.shape)
    for input in inputs {
      shapes[input.name] = input.shape.map { dimension in
        switch dimension {
        case .fixed(let size): size
        case .symbolic(let name): sizes[name] ?? 1
        }
      }
    }
    for node in nodes {
      var arguments: [[Int]?] = []
      for input in node.inputs {
        if input.isEmpty {
          arguments.append(nil)
        } else if let shape = shapes[input] {
          arguments.append(shape)
        } else {
          throw GraphError(.invalidStructure, "Node '\(node.name)' reads '\(input)', which nothing before it makes.")
        }
      }
      let result = try node.outputShape(of: arguments)
      if let output = node.outputs.first { shapes[output] = result }
    }
    return shapes
  }
}

extension Node {
  /// The shape of the first output for inputs of these shapes; nil stands for an absent optional input.
  package func outputShape(of inputs: [[Int]?]) throws -> [Int] {
    let present = inputs.compactMap { $0 }
    guard let x = inputs.first ?? nil else { throw mismatch("has no input", present) }
    switch op {
    case .convolution(let convolution): return try shape(of: convolution, inputs: present)
    case .batchNormalization:
      guard present.count == 5, x.count >= 2, present[1...].allSatisfy({ $0 == [x[1]] }) else {
        throw mismatch("needs four vectors as long as its input has channels", present)
      }
      return x
    case .gemm(let gemm): return try shape(of: gemm, inputs: present)
    case .activation, .identity, .dropout: return x
    case .softmax(let axis):
      _ = try normalized(axis, rank: x.count, present)
      return x
    case .maxPool(let pooling), .averagePool(let pooling): return try shape(of: pooling, input: x)
    case .globalAveragePool:
      guard x.count >= 3 else { throw mismatch("needs spatial axes", present) }
      return Array(x[..<2]) + Array(repeating: 1, count: x.count - 2)
    case .elementwise:
      guard present.count == 2, let result = broadcastShape(present[0], present[1]) else {
        throw mismatch("cannot broadcast its inputs", present)
      }
      return result
    case .concat(let axis):
      let axis = try normalized(axis, rank: x.count, present)
      var result = x
      for other in present.dropFirst() {
        guard other.count == x.count, x.indices.allSatisfy({ $0 == axis || other[$0] == x[$0] }) else {
          throw mismatch("cannot concatenate its inputs on axis \(axis)", present)
        }
        result[axis] += other[axis]
      }
      return result
    case .slice(let slice):
      guard slice.steps.allSatisfy({ $0 > 0 }) else { throw mismatch("has a step that is not positive", present) }
      return x.indices.map { slice.positions(axis: $0, size: x[$0], rank: x.count)?.count ?? x[$0] }
    case .pad(let pad):
      guard pad.before.count == x.count, pad.after.count == x.count else {
        throw mismatch("has amounts for \(pad.before.count) axes", present)
      }
      let result = x.indices.map { x[$0] + pad.before[$0] + pad.after[$0] }
      guard result.allSatisfy({ $0 >= 0 }) else { throw mismatch("cuts more than there is", present) }
      return result
    case .flatten(let axis):
      let axis = axis < 0 ? axis + x.count : axis
      guard (0...x.count).contains(axis) else { throw mismatch("flattens at axis \(axis)", present) }
      return [x[..<axis].reduce(1, *), x[axis...].reduce(1, *)]
    case .reduceMean(let axes, let keepsAxes):
      let reduced = Set(try axes.map { try normalized($0, rank: x.count, present) })
      return x.indices.compactMap { reduced.contains($0) ? (keepsAxes ? 1 : nil) : x[$0] }
    }
  }

  private func shape(of convolution: Convolution, inputs: [[Int]]) throws -> [Int] {
    guard inputs.count >= 2, inputs[0].count == 4, inputs[1].count == 4, convolution.groups > 0 else {
      throw mismatch("needs an input and a weight of four axes", inputs)
    }
    let (x, weight) = (inputs[0], inputs[1])
    guard x[1] == weight[1] * convolution.groups, weight[0] % convolution.groups == 0,
      inputs.count == 2 || inputs[2] == [weight[0]]
    else {
      throw mismatch("has a weight that does not fit its input's channels (groups \(convolution.groups))", inputs)
    }
    let padding = convolution.padding
    let sizes = try (0..<2).map { axis in
      let padded = x[axis + 2] + (axis == 0 ? padding.top + padding.bottom : padding.left + padding.right)
      let span = convolution.dilations[axis] * (weight[axis + 2] - 1) + 1
      guard padded >= span, convolution.strides[axis] > 0 else {
        throw mismatch("has a kernel larger than its input", inputs)
      }
      return (padded - span) / convolution.strides[axis] + 1
    }
    return [x[0], weight[0]] + sizes
  }

  private func shape(of pooling: Pooling, input x: [Int]) throws -> [Int] {
    guard x.count == 4 else { throw mismatch("needs an input of four axes", [x]) }
    let padding = pooling.padding
    let sizes = try (0..<2).map { axis in
      let before = axis == 0 ? padding.top : padding.left
      let after = axis == 0 ? padding.bottom : padding.right
      let room = x[axis + 2] + before + after - pooling.kernel[axis]
      guard room >= 0, pooling.strides[axis] > 0 else { throw mismatch("has a kernel larger than its input", [x]) }
      let stride = pooling.strides[axis]
      guard pooling.ceilMode else { return room / stride + 1 }
      var count = (room + stride - 1) / stride + 1
      // The last window must start inside the input or its leading border.
      if (count - 1) * stride >= x[axis + 2] + before { count -= 1 }
      return count
    }
    return [x[0], x[1]] + sizes
  }

  private func shape(of gemm: Gemm, inputs: [[Int]]) throws -> [Int] {
    guard inputs.count >= 2, inputs[0].count == 2, inputs[1].count == 2 else {
      throw mismatch("needs two matrices", inputs)
    }
    let (rows, inner) = gemm.transposesA ? (inputs[0][1], inputs[0][0]) : (inputs[0][0], inputs[0][1])
    let (depth, columns) = gemm.transposesB ? (inputs[1][1], inputs[1][0]) : (inputs[1][0], inputs[1][1])
    guard inner == depth, inputs.count == 2 || broadcastShape(inputs[2], [rows, columns]) == [rows, columns] else {
      throw mismatch("has matrices that do not go together", inputs)
    }
    return [rows, columns]
  }

  private func normalized(_ axis: Int, rank: Int, _ inputs: [[Int]]) throws -> Int {
    let result = axis < 0 ? axis + rank : axis
    guard (0..<rank).contains(result) else { throw mismatch("names axis \(axis)", inputs) }
    return result
  }

  private func mismatch(_ what: String, _ inputs: [[Int]]) -> GraphError {
    GraphError(
      .shapeMismatch,
      "Node '\(name)' (\(op.onnxName)) \(what); its inputs are \(inputs.map { "\($0)" }.joined(separator: ", ")).")
  }
}

/// NumPy's broadcasting of two shapes, or nil when they do not go together.
package func broadcastShape(_ left: [Int], _ right: [Int]) -> [Int]? {
  var result: [Int] = []
  for position in 0..<max(left.count, right.count) {
    let a = position < left.count ? left[left.count - 1 - position] : 1
    let b = position < right.count ? right[right.count - 1 - position] : 1
    guard a == b || a == 1 || b == 1 else { return nil }
    result.append(a == 1 ? b : a)
  }
  return result.reversed()
}
