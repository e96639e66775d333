import ModelGraph

/// Channels that are made of several others, the largest or the mean of them (maxout): these leave together.
extension AtomPropagation {
  /// Who reads a value's numbers and not only its sizes.
  private func readers(_ value: String) -> [Int] {
    (consumers[value] ?? []).filter { !graph.nodes[$0].op.readsSizes }
  }

  /// True where nothing reads a value, nor what it was before functions of single elements and reshapes, but one node.
  private func isReadOnce(_ value: String) -> Bool {
    var value = value
    while readers(value).count == 1 {
      guard let node = producerNode(value) else { return true }
      switch node.op {
      case .reshape, .transpose, .squeeze, .unsqueeze, .flatten, .activation, .unary, .clip, .cast, .castLike,
        .identity, .dropout, .batchNormalization:
        value = node.inputs[0]
      case .elementwise:
        // A bias or a scale is no other reading.
        let computed = node.inputs.filter { !isWeight($0) }
        guard computed.count == 1 else { return true }
        value = computed[0]
      default: return true
      }
    }
    return false
  }

  /// True where what a reduction makes of pieces goes, one for one, into layers that read it as channels, and where nothing else reads what it
  /// reduces. Statistics that are spread over their rows again, as those of group normalisations are, make no channels.
  func makesChannels(_ node: Node) -> Bool {
    guard isReadOnce(node.inputs[0]) else { return false }
    let outputs = Set(graph.outputs.map(\.name))
    var open = [node.outputs[0]]
    var seen = Set<Int>()
    var endsInLayer = false
    while let value = open.popLast() {
      if outputs.contains(value) { return false }
      for position in readers(value) where seen.insert(position).inserted {
        let reader = graph.nodes[position]
        switch reader.op {
        case .convolution, .transposedConvolution, .deformableConvolution, .causalConvolution, .gemm, .matrixProduct,
          .einsum, .recurrent, .attention:
          endsInLayer = true
        case .elementwise, .aggregate, .select:
          if shape(reader.outputs[0]).reduce(1, *) > shape(value).reduce(1, *) { return false }
          open.append(reader.outputs[0])
        case .activation, .unary, .clip, .cast, .castLike, .identity, .dropout, .batchNormalization,
          .instanceNormalization, .groupNormalization, .layerNormalization, .rmsNormalization, .reshape, .flatten,
          .squeeze, .unsqueeze, .transpose, .maxPool, .averagePool, .lpPool, .globalAveragePool, .globalMaxPool,
          .globalLpPool, .resize, .pad, .concat, .slice, .split, .gather, .reduce:
          open += reader.outputs.filter { !$0.isEmpty }
        default: return false
        }
      }
    }
    return endsInLayer
  }

  /// The label behind a pooling along the axis of its channels, whose windows follow each other without gaps: what each makes of its
  /// pieces is one channel. Nil for any other pooling.
  mutating func pooledPieces(_ label: AtomLabel, _ node: Node) -> AtomLabel? {
    let pooling: Pooling
    switch node.op {
    case .maxPool(let attributes), .averagePool(let attributes), .lpPool(let attributes, _): pooling = attributes
    default: return nil
    }
    guard label.axes.count == 1, label.axes[0] >= 2 else { return nil }
    let axis = label.axes[0] - 2
    func entry(_ list: [Int], _ value: Int) -> Int { axis < list.count ? list[axis] : value }
    let size = entry(pooling.kernel, 1)
    guard size > 0, entry(pooling.strides, 1) == size, entry(pooling.dilations, 1) == 1,
      entry(pooling.padding.before, 0) == 0, entry(pooling.padding.after, 0) == 0, label.atoms.count % size == 0
    else { return nil }
    if size == 1 { return label }
    let windows = AtomGrid(sizes: [label.atoms.count / size, size], atoms: label.atoms)
    return AtomLabel(axes: label.axes, atoms: collapse(windows, along: [1]).atoms)
  }
}
