import StudyModel

/// The order of merit of the trials that have finished one rung, by their measures at that rung: feasible ones first, then
/// by front; infeasible ones by violation (constrained domination, Deb 2002).
package struct RungRanking: Sendable {
  package struct Standing: Sendable {
    package let trial: TrialID
    /// 0 is the first front; infeasible trials come behind all fronts.
    package let rank: Int
    /// 0 where every constraint holds as far as this rung can tell.
    package let violation: Double
    package let crowding: Double
    /// Violations that no training can heal.
    package let isLost: Bool
  }

  /// Best first. Within a front those that have gone on already lead, then comes the one that is farthest from them, then
  /// the rest by crowding: were the spread computed anew each time, every result would change it, and far more than a
  /// third would go on.
  package let standings: [Standing]

  /// Trials whose measures do not allow comparison are left out, and those for whose network another trial stands.
  package init(rung: Int, history: SearchHistory, space: ObjectiveSpace, topRung: Int) {
    let allowance = Self.accuracyAllowance(rung: rung, history: history, topRung: topRung)
    var feasible: [(trial: TrialID, point: [Double], hasGoneOn: Bool)] = []
    var infeasible: [(trial: TrialID, violation: Double, isLost: Bool)] = []
    for trial in history.trials {
      guard trial.original == nil, let measures = trial.measures[rung], let point = space.point(of: measures) else {
        continue
      }
      let violation = space.violation(of: measures, accuracyAllowance: allowance)
      if violation == 0 {
        feasible.append((trial.id, point, trial.hasStarted(rung: rung + 1)))
      } else {
        infeasible.append((trial.id, violation, space.lastingViolation(of: measures) > 0))
      }
    }
    var standings: [Standing] = []
    let ranks = ParetoFront.ranks(feasible.map(\.point))
    let fronts = (ranks.max() ?? -1) + 1
    for rank in 0..<fronts {
      let members = feasible.indices.filter { ranks[$0] == rank }
      let points = members.map { feasible[$0].point }
      let crowding = ParetoFront.crowdingDistances(points)
      let taken = members.indices.filter { feasible[members[$0]].hasGoneOn }
      let led = ParetoFront.spreadOrder(points, taken: taken, limit: taken.count + 1)
      let rest = Set(members.indices).subtracting(led).sorted { (crowding[$1], $0) < (crowding[$0], $1) }
      standings += (led + rest).map { place in
        Standing(
          trial: feasible[members[place]].trial, rank: rank, violation: 0, crowding: crowding[place], isLost: false)
      }
    }
    infeasible.sort { ($0.violation, $0.trial) < ($1.violation, $1.trial) }
    for (place, loser) in infeasible.enumerated() {
      standings.append(
        Standing(
          trial: loser.trial, rank: fronts + place, violation: loser.violation, crowding: 0, isLost: loser.isLost))
    }
    self.standings = standings
  }

  /// How much accuracy a trial of this rung may still win: the most that any trial has won from here on; without limit
  /// until one has shown it.
  ///
  /// Before training a pruned network is far below what it will reach, so a floor on accuracy, taken literally at rung 0,
  /// would keep only the plans that prune almost nothing.
  static func accuracyAllowance(rung: Int, history: SearchHistory, topRung: Int) -> Double {
    guard rung < topRung else { return 0 }
    var best: Double?
    for trial in history.trials {
      guard let here = trial.measures[rung] else { continue }
      for (later, measures) in trial.measures where later > rung {
        best = max(best ?? 0, measures.accuracy.share - here.accuracy.share)
      }
    }
    return best ?? .infinity
  }
}
