import ModelGraph

/// Convolutions of every kind: each output channel is a fresh atom, and input channels are read by the weight's columns.
extension AtomPropagation {
  /// `[N, C, spatial...]` by `[O, C / groups, kernel...]`; `perOutput` are inputs with an entry for each output channel.
  mutating func propagateConvolution(_ node: Node, groups: Int, weight position: Int, perOutput: [Int]) {
    let (x, weight) = (node.inputs[0], node.inputs[position])
    var labels = slidingOverImage(node)
    guard isWeight(weight) else {
      pin(labels.filter { $0.axes.contains(1) }, "'\(node.name)' reads it with computed weights")
      pin(self.labels[weight] ?? [], "'\(node.name)' reads it as weights")
      noteVectors(node, perOutput, channels: nil)
      return set(node.outputs[0], labels.filter { !$0.axes.contains(1) }, node)
    }
    let sizes = shape(weight)
    let channels = takeChannels(&labels, x, node)
    let rows: [Int]
    if groups == 1 {
      rows = produce(node, weight, [0])
      read(channels, weight, [1])
    } else if sizes[1] == 1 {
      rows = produce(node, weight, [0])
      joinDepthwise(rows, channels ?? stayingChannels(x, node), groups: groups)
    } else {
      let view = [groups, sizes[0] / groups] + sizes.dropFirst()
      guard let origin = origin(weight), origin.view == sizes, origin.axes == sizes.indices.map({ [$0] }) else {
        return refuse(node, "reads it with weights that are reshaped")
      }
      rows = face(origin.weight, view: view, axes: [0, 1], produces: true)
      noteProducer(node, rows)
      noteGroups(node, rows, channels, groups: groups)
      if let channels {
        unite(face(origin.weight, view: view, axes: [0, 2], produces: false), channels)
      } else {
        noteUntracked(weight, axis: 1)
      }
    }
    noteVectors(node, perOutput, channels: rows)
    set(node.outputs[0], labels + [AtomLabel(axes: [1], atoms: rows)], node)
  }

  /// `[N, C, spatial...]` by `[C, O / groups, kernel...]`.
  mutating func propagateTransposed(_ convolution: TransposedConvolution, _ node: Node) {
    let (x, weight) = (node.inputs[0], node.inputs[1])
    let groups = convolution.window.groups
    guard let origin = origin(weight), origin.view == shape(weight), origin.axes == origin.view.indices.map({ [$0] })
    else { return refuse(node, "reads it with computed weights") }
    var labels = slidingOverImage(node)
    let sizes = shape(weight)
    let channels = takeChannels(&labels, x, node)
    let rows: [Int]
    if groups == 1 {
      rows = produce(node, weight, [1])
      read(channels, weight, [0])
    } else if sizes[0] == groups, sizes[1] == 1 {
      rows = produce(node, weight, [0])
      unite(rows, channels ?? stayingChannels(x, node))
    } else {
      let view = [groups, sizes[0] / groups] + sizes.dropFirst()
      rows = face(origin.weight, view: view, axes: [0, 2], produces: true)
      noteProducer(node, rows)
      noteGroups(node, rows, channels, groups: groups)
      if let channels {
        unite(face(origin.weight, view: view, axes: [0, 1], produces: false), channels)
      } else {
        noteUntracked(weight, axis: 0)
      }
    }
    noteVectors(node, [2], channels: rows)
    set(node.outputs[0], labels + [AtomLabel(axes: [1], atoms: rows)], node)
  }

  /// The offsets and the mask say where the image is read; they stay.
  mutating func propagateDeformable(_ convolution: DeformableConvolution, _ node: Node) {
    for position in [2, 4] where position < node.inputs.count {
      pin(dataLabels(node.inputs[position]), "'\(node.name)' reads it as positions")
    }
    guard convolution.offsetGroups == 1 else {
      let (channels, _) = separated(labels[node.inputs[0]] ?? [], axes: [1])
      pin(channels, "'\(node.name)' moves groups of it apart")
      return refuse(node, "moves groups of it apart")
    }
    propagateConvolution(node, groups: convolution.window.groups, weight: 1, perOutput: [3])
  }

  /// `[N, C, L]` by `[C, 1, k]`; the state holds the same channels.
  mutating func propagateCausal(_ node: Node) {
    let (x, weight) = (node.inputs[0], node.inputs[1])
    guard isWeight(weight) else { return refuse(node, "reads it with computed weights") }
    var labels = slidingOverImage(node)
    let channels = takeChannels(&labels, x, node) ?? stayingChannels(x, node)
    let rows = produce(node, weight, [0])
    unite(rows, channels)
    noteVectors(node, [2], channels: rows)
    if hasInput(node, 3) {
      unite(channelsOf(node.inputs[3], axis: 1, node), rows)
    }
    for output in node.outputs { set(output, labels + [AtomLabel(axes: [1], atoms: rows)], node) }
  }

  // MARK: Parts

  private mutating func slidingOverImage(_ node: Node) -> [AtomLabel] {
    let x = node.inputs[0]
    let sizes = shape(x)
    return sliding(dataLabels(x), over: Set(2..<max(sizes.count, 2)), sizes: sizes, "'\(node.name)' slides over it")
  }

  /// The atoms of the channels, taken out of the labels; rows of the batch that share them are made alike.
  private mutating func takeChannels(_ labels: inout [AtomLabel], _ x: String, _ node: Node) -> [Int]? {
    guard let position = labels.firstIndex(where: { $0.axes.contains(1) }) else { return nil }
    let label = labels.remove(at: position)
    if label.axes == [1] { return label.atoms }
    let sizes = shape(x)
    let grid = AtomGrid(sizes: label.axes.map { sizes[$0] }, atoms: label.atoms)
    return collapse(grid, along: Set(label.axes.indices.filter { label.axes[$0] != 1 })).atoms
  }

  mutating func stayingChannels(_ x: String, _ node: Node) -> [Int] {
    channelsOf(x, axis: 1, node)
  }

  /// The atoms along an axis of a value; pinned ones, or a weight's own, where it carries none.
  mutating func channelsOf(_ value: String, axis: Int, _ node: Node) -> [Int] {
    if isWeight(value) { return face(of: value, [axis], produces: true) }
    if let label = labels[value]?.first(where: { $0.axes.contains(axis) }) {
      if label.axes == [axis] { return label.atoms }
      let rest = collapse(grid(label, of: value), along: Set(label.axes.indices.filter { label.axes[$0] != axis }))
      return rest.atoms
    }
    return stayingAtoms(value, [axis], joining: node)
  }

  private mutating func produce(_ node: Node, _ weight: String, _ axes: [Int]) -> [Int] {
    let atoms = face(of: weight, axes, produces: true)
    noteProducer(node, atoms)
    return atoms
  }

  private mutating func read(_ channels: [Int]?, _ weight: String, _ axes: [Int]) {
    guard let channels else { return axes.forEach { noteUntracked(weight, axis: $0) } }
    unite(face(of: weight, axes, produces: false), channels)
  }

  /// Groups keep equal counts of what they make and of what they read; or leave whole.
  private mutating func noteGroups(_ node: Node, _ rows: [Int], _ channels: [Int]?, groups: Int) {
    if heads != nil { return joinWholeGroups(rows, channels, groups: groups, node) }
    for part in [rows, channels ?? []] where !part.isEmpty {
      noteHeads(part, rows: groups)
      noteCut(node, part, rows: groups, strict: true)
    }
  }

  /// One channel in, a number of channels out: they leave together.
  private mutating func joinDepthwise(_ rows: [Int], _ channels: [Int], groups: Int) {
    let multiplier = rows.count / groups
    if multiplier == 1 { return unite(rows, channels) }
    unite(rows, channels.flatMap { Array(repeating: $0, count: multiplier) })
  }

  /// Vectors with an entry for each channel; computed ones, or nil channels, end in pins.
  mutating func noteVectors(_ node: Node, _ positions: [Int], channels: [Int]?) {
    for position in positions where hasInput(node, position) {
      let vector = node.inputs[position]
      guard let channels, isWeight(vector) else {
        if isWeight(vector) { noteUntracked(vector) }
        pin(labels[vector] ?? [], "'\(node.name)' reads it as a vector of channels")
        pin(channels ?? [], "the bias of '\(node.name)' is computed")
        continue
      }
      if shape(vector) == [channels.count] {
        unite(face(of: vector, [0], produces: true), channels)
      } else {
        noteUntracked(vector)
      }
    }
  }
}
