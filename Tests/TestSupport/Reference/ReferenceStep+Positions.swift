import ModelGraph

extension ReferenceStep {
  /// What moves, repeats or joins elements, and what makes shapes; nil for other operators.
  func moved() throws -> [ReferenceTensor]? {
    switch node.op {
    case .reshape(let allowsZero):
      let x = try argument(0)
      var shape = try argument(1).integers
      for axis in shape.indices where shape[axis] == 0 && !allowsZero {
        try check(axis < x.shape.count, "copies an axis that is not there")
        shape[axis] = x.shape[axis]
      }
      if let rest = shape.firstIndex(of: -1) {
        let others = shape.enumerated().reduce(1) { $1.offset == rest ? $0 : $0 * $1.element }
        try check(others > 0 && x.values.count % others == 0, "does not divide into \(shape)")
        shape[rest] = x.values.count / others
      }
      try check(shape.reduce(1, *) == x.values.count, "does not hold \(shape)")
      return [x.reshaped(shape)]
    case .transpose(let permutation):
      let x = try argument(0)
      let order = permutation.isEmpty ? Array(x.shape.indices.reversed()) : permutation
      try check(order.sorted() == Array(x.shape.indices), "permutes other axes")
      return [x.transposed(order)]
    case .flatten(let axis):
      let x = try argument(0)
      let axis = axis < 0 ? axis + x.shape.count : axis
      return [x.reshaped([x.shape[..<axis].reduce(1, *), x.shape[axis...].reduce(1, *)])]
    case .squeeze:
      let x = try argument(0)
      let axes =
        try optional(1).map { try $0.integers.map { try axis($0, rank: x.shape.count) } }
        ?? x.shape.indices.filter { x.shape[$0] == 1 }
      try check(axes.allSatisfy { x.shape[$0] == 1 }, "squeezes an axis that is not 1")
      return [x.reshaped(x.shape.indices.filter { !axes.contains($0) }.map { x.shape[$0] })]
    case .unsqueeze:
      let x = try argument(0)
      let rank = x.shape.count + (try argument(1).values.count)
      let axes = Set(try argument(1).integers.map { try axis($0, rank: rank) })
      var rest = x.shape[...]
      return [x.reshaped((0..<rank).map { axes.contains($0) ? 1 : rest.removeFirst() })]
    case .expand:
      let x = try argument(0)
      let shape = try broadcast([x.shape, try argument(1).integers])
      var result = ReferenceTensor.generate(shape) { x.broadcast($0) }
      result.isInteger = x.isInteger
      return [result]
    case .tile:
      let x = try argument(0)
      let repeats = try argument(1).integers
      try check(repeats.count == x.shape.count, "repeats other axes")
      return [x.picking(zip(x.shape, repeats).map { $0 * $1 }) { zip($0, x.shape).map { $0 % $1 } }]
    case .concat(let axis): return [try concat(axis)]
    case .split(let axis): return try split(axis)
    case .slice: return [try slice()]
    case .pad(let mode): return [try pad(mode)]
    case .gather(let axis):
      let (x, indices) = (try argument(0), try argument(1))
      let axis = try self.axis(axis, rank: x.shape.count)
      let size = x.shape[axis]
      try check(indices.integers.allSatisfy { (-size..<size).contains($0) }, "takes what is not there")
      let rank = indices.shape.count
      return [
        x.picking(x.shape[..<axis] + indices.shape + x.shape[(axis + 1)...]) { index in
          let position = Int(indices[Array(index[axis..<axis + rank])])
          return index[..<axis] + [position < 0 ? position + size : position] + index[(axis + rank)...]
        }
      ]
    case .scatterND(let reduction):
      var x = try argument(0)
      let (list, updates) = (try argument(1), try argument(2))
      let depth = list.shape.last ?? 0
      let (count, run) = (list.shape.dropLast().reduce(1, *), x.shape[depth...].reduce(1, *))
      try check([.none, .add].contains(reduction) && updates.values.count == count * run, "has another form")
      for place in 0..<count {
        let start = (0..<depth).reduce(0) { sum, axis in
          let position = Int(list.values[place * depth + axis])
          return sum * x.shape[axis] + (position < 0 ? position + x.shape[axis] : position)
        }
        for offset in 0..<run {
          let value = updates.values[place * run + offset]
          x.values[start * run + offset] = reduction == .add ? x.values[start * run + offset] + value : value
        }
      }
      return [x]
    case .depthToSpace(let block, let mode):
      let x = try argument(0)
      let depth = x.shape[1] / (block * block)
      return [
        x.picking([x.shape[0], depth, x.shape[2] * block, x.shape[3] * block]) { index in
          let inner = index[2] % block * block + index[3] % block
          let channel = mode == .depthFirst ? inner * depth + index[1] : index[1] * block * block + inner
          return [index[0], channel, index[2] / block, index[3] / block]
        }
      ]
    case .spaceToDepth(let block, let mode):
      let x = try argument(0)
      let depth = x.shape[1]
      return [
        x.picking([x.shape[0], depth * block * block, x.shape[2] / block, x.shape[3] / block]) { index in
          let area = block * block
          let channel = mode == .depthFirst ? index[1] % depth : index[1] / area
          let inner = mode == .depthFirst ? index[1] / depth : index[1] % area
          return [index[0], channel, index[2] * block + inner / block, index[3] * block + inner % block]
        }
      ]
    case .resize(let resize):
      // Nearest by given scales, the output's position divided by the scale and rounded down.
      let (x, scales) = (try argument(0), try argument(2))
      try check(
        resize.mode == .nearest && resize.coordinates == .asymmetric && resize.nearestRounding == .floor
          && scales.values.count == x.shape.count, "has another form")
      let sizes = zip(x.shape, scales.values).map { Int((Double($0) * $1).rounded(.down)) }
      return [x.picking(sizes) { zip($0, scales.values).map { Int((Double($0) / $1).rounded(.down)) } }]
    case .shape(let start, let end):
      let sizes = try argument(0).shape
      let from = min(max(start < 0 ? start + sizes.count : start, 0), sizes.count)
      let to = min(max(end.map { $0 < 0 ? $0 + sizes.count : $0 } ?? sizes.count, from), sizes.count)
      return [ReferenceTensor(shape: [to - from], integers: Array(sizes[from..<to]))]
    case .size: return [ReferenceTensor(shape: [], integers: [try argument(0).values.count])]
    case .range:
      let (start, limit, step) = (try argument(0), try argument(1), try argument(2))
      let numbers = Array(stride(from: start.values[0], to: limit.values[0], by: step.values[0]))
      return [ReferenceTensor(shape: [numbers.count], values: numbers, isInteger: start.isInteger)]
    case .constantOfShape(let value):
      let shape = try argument(0).integers
      let element = value.map { ReferenceTensor($0) }
      return [
        ReferenceTensor(
          shape: shape, values: Array(repeating: element?.values[0] ?? 0, count: shape.reduce(1, *)),
          isInteger: element?.isInteger ?? false)
      ]
    default: return nil
    }
  }

  private func concat(_ axis: Int) throws -> ReferenceTensor {
    let inputs = try arguments.indices.map { try argument($0) }
    var shape = inputs[0].shape
    let axis = try self.axis(axis, rank: shape.count)
    for input in inputs.dropFirst() {
      try check(
        input.shape.count == shape.count && shape.indices.allSatisfy { $0 == axis || shape[$0] == input.shape[$0] },
        "cannot join")
      shape[axis] += input.shape[axis]
    }
    var result = ReferenceTensor.generate(shape) { index in
      var index = index
      for input in inputs {
        if index[axis] < input.shape[axis] { return input[index] }
        index[axis] -= input.shape[axis]
      }
      return .nan
    }
    result.isInteger = inputs[0].isInteger
    return result
  }

  private func split(_ axis: Int) throws -> [ReferenceTensor] {
    let x = try argument(0)
    let axis = try self.axis(axis, rank: x.shape.count)
    let parts = node.outputs.count
    let even = (x.shape[axis] + parts - 1) / parts
    let sizes = optional(1)?.integers ?? (0..<parts).map { min(even, x.shape[axis] - $0 * even) }
    try check(sizes.count == parts && sizes.reduce(0, +) == x.shape[axis], "splits into \(sizes)")
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return x.slice(axis, from: start, count: size)
    }
  }

  private func slice() throws -> ReferenceTensor {
    let x = try argument(0)
    let (starts, ends) = (try argument(1).integers, try argument(2).integers)
    let axes = try (optional(3)?.integers ?? Array(starts.indices)).map { try axis($0, rank: x.shape.count) }
    let steps = optional(4)?.integers ?? Array(repeating: 1, count: axes.count)
    try check(Set([starts.count, ends.count, axes.count, steps.count]).count == 1, "has lists of other lengths")
    var taken = x.shape.map { Array(0..<$0) }
    for (position, axis) in axes.enumerated() {
      let (size, step) = (x.shape[axis], steps[position])
      func resolved(_ value: Int) -> Int { value < 0 ? value + size : value }
      if step > 0 {
        let start = min(max(resolved(starts[position]), 0), size)
        taken[axis] = Array(stride(from: start, to: min(max(resolved(ends[position]), 0), size), by: step))
      } else {
        let start = min(max(resolved(starts[position]), 0), size - 1)
        taken[axis] = Array(stride(from: start, to: min(max(resolved(ends[position]), -1), size - 1), by: step))
      }
    }
    return x.picking(taken.map(\.count)) { index in index.indices.map { taken[$0][index[$0]] } }
  }

  private func pad(_ mode: PadMode) throws -> ReferenceTensor {
    let x = try argument(0)
    let amounts = try argument(1).integers
    let axes = try optional(3)?.integers.map { try axis($0, rank: x.shape.count) } ?? Array(x.shape.indices)
    try check(amounts.count == 2 * axes.count, "has other amounts")
    var before = x.shape.map { _ in 0 }
    var shape = x.shape
    for (position, axis) in axes.enumerated() {
      before[axis] = amounts[position]
      shape[axis] += amounts[position] + amounts[position + axes.count]
    }
    let value = optional(2)?.values.first ?? 0
    return .generate(shape) { index in
      var source = index
      for axis in index.indices {
        let size = x.shape[axis]
        let position = index[axis] - before[axis]
        if (0..<size).contains(position) {
          source[axis] = position
          continue
        }
        switch mode {
        case .constant: return value
        case .edge: source[axis] = min(max(position, 0), size - 1)
        case .wrap: source[axis] = (position % size + size) % size
        case .reflect: source[axis] = position < 0 ? -position : 2 * (size - 1) - position
        }
      }
      return x[source]
    }
  }
}
