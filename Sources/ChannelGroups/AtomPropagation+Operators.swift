import ModelGraph

extension AtomPropagation {
  /// The atoms along the axes of the node's output; what the node unites, owns and pins on the way is recorded.
  mutating func propagate(_ node: Node) -> [Int: [Int]] {
    let x = node.inputs.first ?? ""
    switch node.op {
    case .convolution(let convolution): return propagate(convolution, node)
    case .batchNormalization: return propagateNormalization(node)
    case .gemm(let gemm): return propagate(gemm, node)
    case .elementwise: return propagateElementwise(node)
    case .concat(let axis): return propagateConcat(axis, node)
    case .slice(let slice): return propagate(slice, node)
    case .pad(let pad): return propagate(pad, node)
    case .flatten(let axis): return propagateFlatten(axis, node)
    case .reduceMean(let axes, let keepsAxes):
      // The mean over a labelled axis runs over what is kept: the array ends here without pinning anything.
      let rank = shape(x).count
      let reduced = Set(axes.map { $0 < 0 ? $0 + rank : $0 })
      let kept = (0..<rank).filter { !reduced.contains($0) }
      var result: [Int: [Int]] = [:]
      for (axis, atoms) in dataLabels(x) where !reduced.contains(axis) {
        result[keepsAxes ? axis : kept.firstIndex(of: axis) ?? axis] = atoms
      }
      return result
    case .maxPool, .averagePool, .globalAveragePool:
      return keepingChannels(dataLabels(x), "'\(node.name)' pools over it")
    case .activation, .softmax, .identity, .dropout:
      return dataLabels(x)
    }
  }

  /// The labels of a value that is read as data; a weight that is so read is noted.
  private mutating func dataLabels(_ value: String) -> [Int: [Int]] {
    if isWeight(value) { noteUntracked(value) }
    return labels[value] ?? [:]
  }

  /// Labels of `[N, C, ...]` on the first two axes; those of spatial axes are pinned and end.
  private mutating func keepingChannels(_ labels: [Int: [Int]], _ reason: String) -> [Int: [Int]] {
    pin(labels.filter { $0.key > 1 }, reason)
    return labels.filter { $0.key <= 1 }
  }

  private mutating func propagate(_ convolution: Convolution, _ node: Node) -> [Int: [Int]] {
    let (x, weight) = (node.inputs[0], node.inputs[1])
    var result = keepingChannels(dataLabels(x), "'\(node.name)' slides over it")
    let channels = result.removeValue(forKey: 1)
    guard isWeight(weight) else {
      pin(channels ?? [], "'\(node.name)' reads it with computed weights")
      pin(labels[weight] ?? [:], "'\(node.name)' reads it as weights")
      noteBias(node, at: 2, axisOf: nil)
      return result
    }
    let rows = produce(node, weight: weight, axis: 0)
    noteBias(node, at: 2, axisOf: rows)
    result[1] = rows
    let groups = convolution.groups
    let isDepthwise = groups > 1 && shape(weight)[1] == 1
    if isDepthwise {
      // One channel in, `multiplier` channels out: they leave together.
      let multiplier = rows.count / groups
      let input = requiredAtoms(x, 1, joining: node)
      unite(rows, input.flatMap { Array(repeating: $0, count: multiplier) })
    } else if let channels {
      unite(face(weight, 1, groups: groups, produces: false), channels)
      if groups > 1 { noteCut(node, channels, blocks: groups) }
    } else {
      noteUntracked(weight, axis: 1)
    }
    if groups > 1 && !isDepthwise { noteCut(node, rows, blocks: groups) }
    return result
  }

  /// A bias vector belongs to the output channels; a computed one, or nil channels, ends in pins.
  private mutating func noteBias(_ node: Node, at position: Int, axisOf rows: [Int]?) {
    guard position < node.inputs.count, !node.inputs[position].isEmpty else { return }
    let bias = node.inputs[position]
    guard let rows, isWeight(bias) else {
      if isWeight(bias) { noteUntracked(bias) }
      pin(labels[bias] ?? [:], "'\(node.name)' reads it as a bias")
      pin(rows ?? [], "the bias of '\(node.name)' is computed")
      return
    }
    unite(face(bias, 0, produces: true), rows)
  }

  private mutating func propagateNormalization(_ node: Node) -> [Int: [Int]] {
    let result = keepingChannels(dataLabels(node.inputs[0]), "'\(node.name)' normalises over it")
    for vector in node.inputs.dropFirst() {
      if !isWeight(vector) {
        pin(labels[vector] ?? [:], "'\(node.name)' reads it as a normalisation vector")
        pin(result[1] ?? [], "'\(node.name)' normalises it with a computed vector")
      } else if let channels = result[1] {
        unite(face(vector, 0, produces: true), channels)
      } else {
        noteUntracked(vector)
      }
    }
    return result
  }

  private mutating func propagate(_ gemm: Gemm, _ node: Node) -> [Int: [Int]] {
    let (a, b) = (node.inputs[0], node.inputs[1])
    let (rowAxis, innerOfA) = gemm.transposesA ? (1, 0) : (0, 1)
    let (innerOfB, columnAxis) = gemm.transposesB ? (1, 0) : (0, 1)
    var result: [Int: [Int]] = [:]
    if isWeight(b) {
      let left = dataLabels(a)
      result[0] = left[rowAxis]
      result[1] = produce(node, weight: b, axis: columnAxis)
      consume(left[innerOfA], weight: b, axis: innerOfB)
    } else if isWeight(a) {
      let right = labels[b] ?? [:]
      result[0] = produce(node, weight: a, axis: rowAxis)
      result[1] = right[columnAxis]
      consume(right[innerOfB], weight: a, axis: innerOfA)
    } else {
      let (left, right) = (labels[a] ?? [:], labels[b] ?? [:])
      result = [0: left[rowAxis], 1: right[columnAxis]].compactMapValues { $0 }
      pin(left[innerOfA] ?? [], "'\(node.name)' contracts it with a computed value")
      pin(right[innerOfB] ?? [], "'\(node.name)' contracts it with a computed value")
    }
    guard node.inputs.count > 2, !node.inputs[2].isEmpty else { return result }
    let addend = node.inputs[2]
    let shift = 2 - shape(addend).count
    for (axis, atoms) in labels[addend] ?? [:] where result[axis + shift] == nil {
      pin(atoms, "'\(node.name)' adds it to values that stay whole")
    }
    return uniteBroadcast(node, node.outputs[0], result, addend)
  }

  private mutating func produce(_ node: Node, weight: String, axis: Int) -> [Int] {
    let atoms = face(weight, axis, produces: true)
    noteProducer(node, atoms)
    return atoms
  }

  private mutating func consume(_ atoms: [Int]?, weight: String, axis: Int) {
    guard let atoms else { return noteUntracked(weight, axis: axis) }
    unite(face(weight, axis, produces: false), atoms)
  }

  private mutating func propagateElementwise(_ node: Node) -> [Int: [Int]] {
    let (left, right) = (node.inputs[0], node.inputs[1])
    let output = node.outputs[0]
    let rank = shape(output).count
    if isWeight(left) && isWeight(right) {
      noteUntracked(left)
      noteUntracked(right)
      return [:]
    }
    // A weight takes the labels of the value that it meets, so the value goes first.
    let (first, second) = isWeight(left) ? (right, left) : (left, right)
    var aligned: [Int: [Int]] = [:]
    let shift = rank - shape(first).count
    for axis in (labels[first] ?? [:]).keys.sorted() {
      guard let atoms = labels[first]?[axis] else { continue }
      aligned[axis + shift] = spread(atoms, over: shape(output)[axis + shift], node)
    }
    if !isWeight(second) {
      let secondShift = rank - shape(second).count
      for axis in (labels[second] ?? [:]).keys.sorted() where aligned[axis + secondShift] == nil {
        // Only the second is labelled here: the first, where it is as long, gets pinned atoms; where it is one long, nothing.
        let target = axis + secondShift
        let firstAxis = target - shift
        guard shape(output)[target] == shape(second)[axis] else { continue }
        if firstAxis >= 0, shape(first)[firstAxis] == shape(output)[target] {
          aligned[target] = requiredAtoms(first, firstAxis, joining: node)
        }
      }
    }
    return uniteBroadcast(node, output, aligned, second)
  }

  /// The atoms of a broadcast axis: a single one that is spread over many stays where it is.
  private mutating func spread(_ atoms: [Int], over size: Int, _ node: Node) -> [Int]? {
    if atoms.count == size { return atoms }
    pin(atoms, "'\(node.name)' spreads it over \(size) channels")
    return nil
  }

  /// Unites the labels of a node's result with those of one more operand that is broadcast to it.
  private mutating func uniteBroadcast(
    _ node: Node, _ output: String, _ labelled: [Int: [Int]], _ operand: String
  ) -> [Int: [Int]] {
    var result = labelled
    let target = shape(output)
    let source = shape(operand)
    let shift = target.count - source.count
    for axis in source.indices {
      let size = target[axis + shift]
      if source[axis] != size {
        if let atoms = atoms(operand, axis) { _ = spread(atoms, over: size, node) }
      } else if let atoms = result[axis + shift] {
        unite(atoms, requiredAtoms(operand, axis, joining: node))
      } else if let atoms = atoms(operand, axis) {
        // Nothing of equal length meets these: the result takes them over.
        result[axis + shift] = atoms
      } else if isWeight(operand) {
        noteUntracked(operand, axis: axis)
      }
    }
    return result
  }

  private mutating func propagateConcat(_ axis: Int, _ node: Node) -> [Int: [Int]] {
    let inputs = node.inputs.filter { !$0.isEmpty }
    let axis = axis < 0 ? axis + shape(inputs[0]).count : axis
    let labelledAxes = Set(inputs.flatMap { (labels[$0] ?? [:]).keys }).sorted()
    for input in inputs where isWeight(input) && labelledAxes.isEmpty { noteUntracked(input) }
    var result: [Int: [Int]] = [:]
    for labelled in labelledAxes {
      let arrays = inputs.map { requiredAtoms($0, labelled, joining: node) }
      if labelled == axis {
        result[labelled] = arrays.flatMap { $0 }
      } else {
        for other in arrays.dropFirst() { unite(arrays[0], other) }
        result[labelled] = arrays[0]
      }
    }
    return result
  }

  private mutating func propagate(_ slice: Slice, _ node: Node) -> [Int: [Int]] {
    let x = node.inputs[0]
    let size = shape(x)
    var result = dataLabels(x)
    for axis in result.keys.sorted() {
      guard let atoms = result[axis],
        let positions = slice.positions(axis: axis, size: size[axis], rank: size.count)
      else { continue }
      result[axis] = positions.map { atoms[$0] }
      if let first = positions.first, let last = positions.last, last - first >= positions.count {
        // With a step, only an untouched stretch can still be written as a slice.
        pin(Array(atoms[first...last]), "'\(node.name)' takes channels from it with a step")
      }
    }
    return result
  }

  private mutating func propagate(_ pad: Pad, _ node: Node) -> [Int: [Int]] {
    var result = dataLabels(node.inputs[0])
    for axis in result.keys.sorted() {
      guard let atoms = result[axis] else { continue }
      let borders = [pad.before[axis], pad.after[axis]].map { amount in
        let border = makeAtoms(max(amount, 0))
        if pad.value != 0 { pin(border, "'\(node.name)' fills it with \(pad.value), not with zeros") }
        return border
      }
      let kept = atoms.dropFirst(max(-pad.before[axis], 0)).dropLast(max(-pad.after[axis], 0))
      result[axis] = borders[0] + kept + borders[1]
    }
    return result
  }

  private mutating func propagateFlatten(_ axis: Int, _ node: Node) -> [Int: [Int]] {
    let size = shape(node.inputs[0])
    let axis = axis < 0 ? axis + size.count : axis
    let labels = dataLabels(node.inputs[0])
    var result: [Int: [Int]] = [:]
    for (output, merged) in [0..<axis, axis..<size.count].enumerated() {
      let labelled = merged.filter { labels[$0] != nil }
      guard let only = labelled.first, let atoms = labels[only] else { continue }
      if labelled.count > 1 {
        for other in labelled { pin(labels[other] ?? [], "'\(node.name)' merges two axes of channels") }
        continue
      }
      // Row-major: each atom holds a run of all inner positions, and the whole repeats for every outer one.
      let inner = size[(only + 1)..<merged.upperBound].reduce(1, *)
      let outer = size[merged.lowerBound..<only].reduce(1, *)
      let runs = atoms.flatMap { Array(repeating: $0, count: inner) }
      result[output] = Array(repeating: runs, count: outer).flatMap { $0 }
    }
    return result
  }
}
