import ChannelGroups

/// The feasible selections of one group as a chain, from all units to the fewest allowed: each step removes the least important
/// units that constraints let go together (one, a multiple of round-to, one from every block).
struct RemovalChain {
  struct Step {
    var removed: [Int]
    /// The mean score of the step's units; never below that of an earlier step, which rounding could else bring about.
    var priority: Double
  }

  let group: ChannelGroup
  private(set) var steps: [Step] = []

  /// `scores` are the units', higher is more important; ties go to the lower index, which leaves first.
  init(_ group: ChannelGroup, scores: [Double], roundTo: Int, minimumKept: Int) {
    self.group = group
    let count = group.units.count
    func leavesBefore(_ a: Int, _ b: Int) -> Bool { (scores[a], a) < (scores[b], b) }
    // The best unit of each floor stays for good.
    let protected = Set(group.floors.compactMap { $0.max(by: leavesBefore) })
    let blocks = group.blocks.isEmpty ? [Array(0..<count)] : group.blocks
    let queues = blocks.map { block in block.filter { !protected.contains($0) }.sorted(by: leavesBefore) }
    let depth = queues.map(\.count).min() ?? 0
    let size = blocks[0].count
    let smallest = max(size - depth, (max(minimumKept, 1) + blocks.count - 1) / blocks.count)

    // Units kept per block at which the width is allowed.
    let allowed = stride(from: size - 1, through: min(smallest, size), by: -1).filter {
      $0 * blocks.count % roundTo == 0
    }
    var taken = 0
    var priority = -Double.infinity
    for kept in allowed {
      let next = taken..<size - kept
      let removed =
        queues.count == 1 ? Array(queues[0][next]) : queues.flatMap { $0[next] }.sorted(by: leavesBefore)
      taken = size - kept
      priority = max(priority, removed.reduce(0) { $0 + scores[$1] } / Double(removed.count))
      steps.append(Step(removed: removed, priority: priority))
    }
  }

  /// The units that stay after the first steps, ascending.
  func kept(afterSteps count: Int) -> [Int] {
    var stays = Array(repeating: true, count: group.units.count)
    for step in steps[..<count] {
      for unit in step.removed { stays[unit] = false }
    }
    return stays.indices.filter { stays[$0] }
  }
}
