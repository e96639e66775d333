import ChannelGroups
import StudyModel

/// How far each group is cut.
extension PlanSelection {
  /// Each group to its own share.
  static func local(
    _ groups: [ChannelGroup], _ chains: [RemovalChain], _ shares: [Double]
  ) -> SelectionOutcome {
    var steps = Array(repeating: 0, count: chains.count)
    var (target, achieved) = (0, 0)
    for (position, chain) in chains.enumerated() {
      var left = chain.group.units.count
      let budget = budget(left, shares[position])
      target += budget
      while left > budget, steps[position] < chain.steps.count {
        left -= chain.steps[steps[position]].removed.count
        steps[position] += 1
      }
      achieved += left
    }
    return SelectionOutcome(
      kept: kept(groups, chains, steps), reached: TargetGap(measure: .units, target: target, achieved: achieved))
  }

  /// One ranking for each class of groups, each class to the same share of its units.
  static func global(
    _ groups: [ChannelGroup], _ chains: [RemovalChain], _ classes: [String], _ share: Double
  ) -> SelectionOutcome {
    var steps = Array(repeating: 0, count: chains.count)
    var (target, achieved) = (0, 0)
    var lastRemoved: Int?
    for members in positions(of: classes) {
      var left = members.reduce(0) { $0 + chains[$1].group.units.count }
      let budget = budget(left, share)
      target += budget
      for (chain, step) in byPriority(members, chains) where left > budget {
        lastRemoved = chains[chain].steps[step].removed.count
        left -= chains[chain].steps[step].removed.count
        steps[chain] += 1
      }
      achieved += left
    }
    let hasOneRanking = Set(classes).count <= 1
    return SelectionOutcome(
      kept: kept(groups, chains, steps),
      reached: TargetGap(
        measure: .units, target: target, achieved: achieved,
        previous: hasOneRanking ? lastRemoved.map { achieved + $0 } : nil))
  }

  /// The shortest beginning of the ranking after which the measure is at most `target`, by bisection.
  static func largest(
    _ groups: [ChannelGroup], _ chains: [RemovalChain], _ classes: [String], within target: Int,
    of measure: SparsityMeasure, _ size: ([String: [Int]]) throws -> Int
  ) throws -> SelectionOutcome {
    let ranking = ranking(chains, classes)
    func selection(_ count: Int) -> [String: [Int]] {
      var steps = Array(repeating: 0, count: chains.count)
      for (chain, _) in ranking[..<count] { steps[chain] += 1 }
      return kept(groups, chains, steps)
    }
    var (low, high) = (0, ranking.count)
    var sizes: [Int: Int] = [:]
    while low < high {
      let middle = (low + high) / 2
      let found = try size(selection(middle))
      sizes[middle] = found
      if found <= target { high = middle } else { low = middle + 1 }
    }
    let largest = selection(low)
    let previous = low > 0 ? try sizes[low - 1] ?? size(selection(low - 1)) : nil
    return SelectionOutcome(
      kept: largest,
      reached: TargetGap(
        measure: measure, target: target, achieved: try sizes[low] ?? size(largest), previous: previous))
  }

  /// Takes every step of which all units score below the limit, by the criterion's own scale. The target counts the units
  /// that do not score below it.
  static func below(
    _ limit: Double, _ groups: [ChannelGroup], _ eligible: [ChannelGroup], _ importances: [[Float]], _ plan: PruningPlan
  ) -> SelectionOutcome {
    var chains: [RemovalChain] = []
    var steps: [Int] = []
    var (target, achieved) = (0, 0)
    for (group, values) in zip(eligible, importances) {
      let values = values.map(Double.init)
      let chain = RemovalChain(group, scores: values, roundTo: plan.roundTo, minimumKept: plan.minimumKept)
      let taken = chain.steps.prefix { step in step.removed.allSatisfy { values[$0] < limit } }
      chains.append(chain)
      steps.append(taken.count)
      target += values.count { $0 >= limit }
      achieved += values.count - taken.reduce(0) { $0 + $1.removed.count }
    }
    return SelectionOutcome(
      kept: kept(groups, chains, steps), reached: TargetGap(measure: .units, target: target, achieved: achieved))
  }

  /// Positions of equal names, in the order in which the names first appear.
  static func positions(of classes: [String]) -> [[Int]] {
    var order: [String] = []
    var members: [String: [Int]] = [:]
    for (position, name) in classes.enumerated() {
      if members[name] == nil { order.append(name) }
      members[name, default: []].append(position)
    }
    return order.map { members[$0] ?? [] }
  }

  /// All steps in the order in which one ranking takes them; each chain's own order is kept, for its priorities never fall.
  private static func byPriority(_ members: [Int], _ chains: [RemovalChain]) -> [(chain: Int, step: Int)] {
    members
      .flatMap { chain in chains[chain].steps.indices.map { (chain: chain, step: $0) } }
      .sorted {
        (chains[$0.chain].steps[$0.step].priority, $0.chain, $0.step)
          < (chains[$1.chain].steps[$1.step].priority, $1.chain, $1.step)
      }
  }

  /// The rankings of all classes in one, by the share of its class's units that is gone after each step.
  private static func ranking(_ chains: [RemovalChain], _ classes: [String]) -> [(chain: Int, step: Int)] {
    let rankings = positions(of: classes).map { members in
      (steps: byPriority(members, chains), units: members.reduce(0) { $0 + chains[$1].group.units.count })
    }
    if rankings.count == 1 { return rankings[0].steps }
    var entries: [(share: Double, rank: Int, chain: Int, step: Int)] = []
    for (steps, units) in rankings {
      var removed = 0
      for (chain, step) in steps {
        removed += chains[chain].steps[step].removed.count
        entries.append((Double(removed) / Double(max(units, 1)), entries.count, chain, step))
      }
    }
    return entries.sorted { ($0.share, $0.rank) < ($1.share, $1.rank) }.map { ($0.chain, $0.step) }
  }
}
