import ModelGraph

/// Finds out which symbolic axis of an input the size of another value follows, by inferring with other sizes.
struct ONNXOpenAxes {
  private struct Probe {
    let axis: String
    let size: Int
    let otherSize: Int
    let facts: [String: ValueFact]
  }

  private let facts: [String: ValueFact]
  private let probes: [Probe]
  /// False where other sizes do not fit, so that not every influence shows.
  private let isComplete: Bool

  /// `binding` has sizes under which the network fits together, and `facts` what is known then.
  init(_ network: Graph, binding: [String: Int], facts: [String: ValueFact]) {
    self.facts = facts
    let largestProbeCount = 8
    var probes: [Probe] = []
    for (axis, size) in binding.sorted(by: { $0.key < $1.key }).prefix(largestProbeCount) {
      for other in [size + 1, size * 2, size + 32] {
        guard let found = try? network.facts(binding: binding.merging([axis: other]) { $1 }) else { continue }
        probes.append(Probe(axis: axis, size: size, otherSize: other, facts: found))
        break
      }
    }
    self.probes = probes
    isComplete = probes.count == binding.count
  }

  /// The size or name of one axis of a value; nil where it follows several, or none in a simple way.
  func dimension(_ axis: Int, of value: String) -> Dimension? {
    guard let size = facts[value]?.shape?[axis] else { return nil }
    let influences = probes.filter { $0.facts[value]?.shape?[axis] != size }
    guard let only = influences.first else { return isComplete ? .fixed(size) : nil }
    let follows = size == only.size && only.facts[value]?.shape?[axis] == only.otherSize
    return follows && influences.count == 1 ? .symbolic(only.axis) : nil
  }
}
