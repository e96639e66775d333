import StudyModel

/// Asynchronous successive halving of the promotion type (Li and others 2020), for several objectives: whoever is in the
/// better third of a rung goes on, highest rungs first.
///
/// The order within a rung is by feasibility, then front, then spread over the front. A trial that violates a constraint
/// which training cannot heal is never promoted.
package struct RungLadder: Sendable {
  /// How many of a rung's finished trials may go on.
  package enum Quota: Sendable {
    /// The better third, rounded down: while more trials are to come.
    case third
    /// The better third, rounded up: when no more trials come.
    case thirdRoundedUp
    /// The better third, rounded up, and the whole first front.
    case front
    /// Every trial that training may still bring to keep the constraints.
    case all
  }

  package let topRung: Int
  /// One in `eta` goes on.
  package let eta: Int

  package init(rungs: Int, eta: Int = 3) {
    precondition(rungs >= 1 && eta >= 2, "a ladder has a rung, and halves at least")
    topRung = rungs - 1
    self.eta = eta
  }

  /// The finished evaluations from which a trial may still go on, in the order of their places in their rungs, as a share of the
  /// rung; of equal shares the higher rung leads, in which more was invested.
  package func continuable(_ history: SearchHistory, space: ObjectiveSpace) -> [(trial: TrialID, rung: Int)] {
    var found: [(share: Double, rung: Int, trial: TrialID)] = []
    let trials = Dictionary(history.trials.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    for rung in 0..<topRung {
      let standings = RungRanking(rung: rung, history: history, space: space, topRung: topRung).standings
      for (place, standing) in standings.enumerated() where !standing.isLost {
        guard let trial = trials[standing.trial], !trial.hasStarted(rung: rung + 1) else { continue }
        found.append((Double(place) / Double(standings.count), rung, standing.trial))
      }
    }
    return found.sorted { ($0.share, $1.rung, $0.trial) < ($1.share, $0.rung, $1.trial) }.map { ($0.trial, $0.rung) }
  }

  /// The next trial to promote and the rung to which it goes, or nil.
  package func promotion(_ history: SearchHistory, space: ObjectiveSpace, quota: Quota) -> (trial: TrialID, rung: Int)?
  {
    var trials: [TrialID: SearchHistory.Trial] = [:]
    for trial in history.trials { trials[trial.id] = trial }
    for rung in stride(from: topRung - 1, through: 0, by: -1) {
      let standings = RungRanking(rung: rung, history: history, space: space, topRung: topRung).standings
      let allowed =
        switch quota {
        case .third: standings.count / eta
        case .thirdRoundedUp: (standings.count + eta - 1) / eta
        case .front:
          max((standings.count + eta - 1) / eta, standings.count { $0.rank == 0 && $0.violation == 0 })
        case .all: standings.count
        }
      for standing in standings.prefix(allowed) where !standing.isLost {
        if let trial = trials[standing.trial], !trial.hasStarted(rung: rung + 1) { return (trial.id, rung + 1) }
      }
    }
    return nil
  }
}
