import ChannelGroups
import GraphRuntime
import ModelGraph
import Tensors

/// One factor for every unit of some groups, laid on the layers that produce it; the network's nodes stay as they
/// are.
///
/// A convolution (or matrix product) with a batch normalisation directly behind it is gated at that one's scale and
/// bias, any other at its kernel and bias: both multiply what the layer gives to its activation. Behind a rectifier,
/// which lets positive factors through, that is a factor on the unit's output. Where several layers produce a unit
/// all have the same gate, unless each layer is to have its own. Units that no such layer makes (embeddings) have a
/// gate that does nothing.
struct UnitGates {
  /// The gates of one group, from one layer or from all that produce it.
  struct Owner {
    let group: String
    let layer: String
    /// Positions in the array of gates, and the units they are of.
    let gates: Range<Int>
    let units: [Int]
  }

  private struct Target {
    let face: UnitFace
    /// The gate of each entry of the face.
    let gates: [Int]
  }

  let owners: [Owner]
  let count: Int
  private let targets: [String: [Target]]

  init(_ groups: [ChannelGroup], in graph: Graph, byLayer: Bool) {
    var owners: [Owner] = []
    var targets: [String: [Target]] = [:]
    var count = 0
    func append(_ group: ChannelGroup, layer: String, faces: [UnitFace], units: [Int]) {
      var gates: [Int: Int] = [:]
      for (place, unit) in units.enumerated() { gates[unit] = count + place }
      for face in faces {
        targets[face.weight, default: []].append(Target(face: face, gates: face.units.map { gates[$0] ?? 0 }))
      }
      owners.append(Owner(group: group.name, layer: layer, gates: count..<(count + units.count), units: units))
      count += units.count
    }
    let producers = graph.outputGates()
    for group in groups {
      if byLayer {
        for producer in producers {
          let faces = group.faces.filter { $0.isOutput && producer.weights.contains($0.weight) }
          let units = Set(faces.flatMap(\.units)).sorted()
          if !units.isEmpty { append(group, layer: producer.layer, faces: faces, units: units) }
        }
      } else {
        let weights = Set(producers.flatMap(\.weights))
        let faces = group.faces.filter { $0.isOutput && weights.contains($0.weight) }
        append(group, layer: group.name, faces: faces, units: Array(group.units.indices))
      }
    }
    self.owners = owners
    self.count = count
    self.targets = targets
  }

  /// Sets the weights of `module` to those of `dense`, multiplied by the gates.
  func lay(_ gates: [Double], on module: GraphModule, dense: ScoringContext) throws {
    for (weight, targets) in targets {
      var value = try dense.tensor(weight).to(.float64)
      for target in targets {
        value = try value.mul(factors(target, gates, shape: value.shape, device: value.device))
      }
      try withoutGradients { _ = try module.tensor(named: weight)?.detach().copy_(value) }
    }
  }

  /// The derivative of the loss along each gate, from the gradients at the weights where the gates are `gates`: the
  /// sum of gradient times ungated weight. Where two gates lie on one weight, each counts the other's factor.
  func gradient(at gates: [Double], of probe: TrainingProbe, dense: ScoringContext) throws -> [Double] {
    var result = [Double](repeating: 0, count: count)
    for weight in targets.keys.sorted() {
      let all = targets[weight] ?? []
      let product = try probe.gradient(weight).mul(dense.tensor(weight).to(.float64))
      for (position, target) in all.enumerated() {
        var along = product
        for (other, neighbour) in all.enumerated() where other != position {
          along = try along.mul(factors(neighbour, gates, shape: product.shape, device: product.device))
        }
        for (gate, sum) in zip(target.gates, try target.face.sums(of: along)) { result[gate] += sum }
      }
    }
    return result
  }

  /// The gates' values as lists of scores.
  func layerScores(_ values: [Double], of groups: [ChannelGroup]) -> [String: [LayerScores]] {
    var result = Dictionary(uniqueKeysWithValues: groups.map { ($0.name, [LayerScores]()) })
    for owner in owners {
      result[owner.group]?.append(
        LayerScores(layer: owner.layer, units: owner.units, scores: Array(values[owner.gates])))
    }
    return result
  }

  /// Factors that broadcast over a weight of `shape`.
  private func factors(_ target: Target, _ gates: [Double], shape: [Int], device: Device) throws -> Tensor {
    let face = target.face
    let rowCount = face.rows == nil ? 1 : shape[face.rowAxis]
    let length = shape[face.axis]
    var table = [Double](repeating: 1, count: rowCount * length)
    for (entry, gate) in zip(face.entries, target.gates) {
      for row in face.rows ?? 0..<1 {
        for index in entry.indices { table[row * length + index] = gates[gate] }
      }
    }
    var sizes = shape.map { _ in 1 }
    sizes[face.axis] = length
    guard face.rows != nil else { return try Tensor(doubles: table, shape: sizes, device: device) }
    sizes[face.rowAxis] = rowCount
    let isInOrder = face.rowAxis < face.axis
    let tensor = try Tensor(doubles: table, shape: [rowCount, length], device: device)
    return try (isInOrder ? tensor : tensor.transpose()).contiguous().reshape(sizes)
  }
}
