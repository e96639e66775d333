import ModelGraph

/// Normalisations keep the channels they run over and count those that are kept; their scales belong to the channels.
extension AtomPropagation {
  mutating func propagateBatchNormalization(_ node: Node) {
    let x = node.inputs[0]
    let sizes = shape(x)
    let slid = Set(2..<max(sizes.count, 2))
    let own = sliding(dataLabels(x), over: slid, sizes: sizes, "'\(node.name)' normalises over it")
    set(node.outputs[0], ownedByChannels(own, vectors: node.inputs.dropFirst(), axis: 1, node), node)
    for (position, output) in node.outputs.enumerated().dropFirst() {
      let channels = labels[node.outputs[0]]?.filter { $0.axes == [1] } ?? []
      set(output, channels.map { AtomLabel(axes: [0], atoms: $0.atoms) }, node)
      if position > 2 { pin(channels, "'\(node.name)' returns its statistics") }
    }
  }

  /// Unites the labels along an axis with vectors that have an entry for each place of it.
  private mutating func ownedByChannels(
    _ own: [AtomLabel], vectors: ArraySlice<String>, axis: Int, _ node: Node
  ) -> [AtomLabel] {
    let label = own.first { $0.axes.contains(axis) }
    for vector in vectors where !vector.isEmpty {
      guard let label else {
        if isWeight(vector) {
          noteUntracked(vector)
        } else {
          pin(labels[vector] ?? [], "'\(node.name)' normalises with it")
        }
        continue
      }
      if !isWeight(vector), label.axes == [axis], let entries = vectorAtoms(vector, node) {
        unite(entries, label.atoms)
      } else if !isWeight(vector) {
        pin(labels[vector] ?? [], "'\(node.name)' reads it as a normalisation vector")
        pin(label.atoms, "'\(node.name)' normalises it with a computed vector")
      } else if label.axes == [axis] {
        unite(face(of: vector, [0], produces: true), label.atoms)
      } else {
        // A vector entry for each row: the rows have to stay.
        noteUntracked(vector)
        pin(label.atoms, "'\(node.name)' scales it together with other axes")
      }
    }
    return own
  }

  /// The atoms of a computed vector, where it has any that can leave.
  private mutating func vectorAtoms(_ vector: String, _ node: Node) -> [Int]? {
    if let known = labels[vector], !known.isEmpty { return known.first { $0.axes == [0] }?.atoms }
    return fillingAtoms(vector, [0], reader: node) ?? repeatedAtoms(vector, [0], reader: node)
  }

  /// Over the image, for each sample and channel by itself. Rows of channels that lie along the image keep equal counts.
  mutating func propagateInstanceNormalization(_ node: Node) {
    let x = node.inputs[0]
    let sizes = shape(x)
    let image = Set(2..<max(sizes.count, 2))
    var result: [AtomLabel] = []
    for label in dataLabels(x) {
      let label = acting(label, along: image, sizes: sizes)
      if label.axes.contains(1), label.axes.count > 1, label.axes[0] == 1 {
        noteCut(node, label.atoms, rows: sizes[1], strict: true)
        for vector in node.inputs.dropFirst() where isWeight(vector) { noteUntracked(vector) }
        result.append(label)
      } else {
        result += ownedByChannels(
          [label], vectors: label.axes.contains(1) ? node.inputs.dropFirst() : [], axis: 1, node)
      }
    }
    set(node.outputs[0], result, node)
  }

  /// Over all axes from one on, with a scale and shift of these axes' shape.
  mutating func propagateAxisNormalization(_ named: Int, _ node: Node) {
    let x = node.inputs[0]
    let sizes = shape(x)
    let axis = normalized(named, sizes.count)
    let run = Set(axis..<sizes.count)
    let own = dataLabels(x).map { acting($0, along: run, sizes: sizes) }
    let product = AlignedOperand(value: x, places: sizes.indices.map { $0 }, labels: own)
    let vectors = node.inputs.dropFirst().filter { !$0.isEmpty }.map { broadcastOperand($0, rank: sizes.count) }
    set(node.outputs[0], align([product] + vectors, space: sizes, node), node)
    for output in node.outputs.dropFirst() where !output.isEmpty && isUsed(output) {
      set(output, own.compactMap { ending($0, along: run, sizes: sizes, node) }, node)
    }
  }

  /// Groups of channels, each normalised by itself, keep equal counts.
  mutating func propagateGroupNormalization(_ groups: Int, _ node: Node) {
    let x = node.inputs[0]
    let sizes = shape(x)
    let image = Set(2..<max(sizes.count, 2))
    let own = sliding(dataLabels(x), over: image, sizes: sizes, "'\(node.name)' normalises over it")
    for label in own where label.axes == [1] && groups > 1 && groups < sizes[1] {
      noteCut(node, label.atoms, rows: groups, strict: true)
    }
    set(node.outputs[0], ownedByChannels(own, vectors: node.inputs.dropFirst(), axis: 1, node), node)
  }

  /// Scales and zero points along an axis belong to its channels.
  mutating func propagateQuantization(_ node: Node, axis named: Int, blockSize: Int) {
    let x = node.inputs[0]
    let sizes = shape(x)
    var own = dataLabels(x)
    for vector in node.inputs.dropFirst() where hasEntries(vector) {
      if blockSize > 0 {
        pin(own, "'\(node.name)' quantises it in blocks")
        own = []
      }
      own = ownedByChannels(own, vectors: [vector], axis: normalized(named, sizes.count), node)
    }
    set(node.outputs[0], own, node)
  }

  private func hasEntries(_ vector: String) -> Bool { !vector.isEmpty && shape(vector).reduce(1, *) > 1 }

  /// A quantised weight is the weight itself, its scales and zero points follow its channels.
  mutating func propagateDequantization(_ dequantize: DequantizeLinear, _ node: Node) {
    let x = node.inputs[0]
    guard let origin = origin(x) else {
      return propagateQuantization(node, axis: dequantize.axis, blockSize: dequantize.blockSize)
    }
    let axis = normalized(dequantize.axis, shape(x).count)
    let vectors = node.inputs.dropFirst().filter(hasEntries)
    let isWhole = origin.view == graph.weights[origin.weight]?.shape && origin.axes == origin.view.indices.map { [$0] }
    guard vectors.isEmpty || (dequantize.blockSize == 0 && isWhole && vectors.allSatisfy { graph.weights[$0] != nil })
    else { return noteUntracked(x) }
    for vector in vectors { noteCompanion(of: origin.weight, vector, axis: axis) }
    setOrigin(node.outputs[0], origin)
  }
}
