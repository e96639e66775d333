import StudyModel
import WireProtocol

extension CoordinatorMachine {
  /// What contradicts itself in the state; empty when all is well. For tests, after every event.
  package func sanityCheck() -> [String] {
    var faults: [String] = []
    let leased = snapshot.leases.values.filter { $0.ending == nil }
    if Set(leased.map(\.id)) != Set(open.keys) {
      faults.append("open leases differ: \(leased.map(\.id)), \(open.keys)")
    }
    for (id, lease) in open where snapshot.evaluations[lease.key]?.openLease != id {
      faults.append("lease \(id) is not its evaluation's")
    }
    for (key, evaluation) in snapshot.evaluations {
      let record = evaluation.record
      if (record.status == .leased) != (evaluation.openLease != nil) { faults.append("\(key) is \(record.status)") }
      if (record.status == .done) != (record.result != nil) { faults.append("\(key) is \(record.status), result?") }
      // The part of the rule that no fleet changes.
      if record.status == .pending, outcome == nil,
        Set(evaluation.failures.filter { $0.counts && $0.kind == .own }.map(\.host)).subtracting([""]).count >= 2
      {
        faults.append("\(key) should have been set aside")
      }
      let isLonely = FailureRule(evaluation.failures).mustRunAlone
      if record.status == .pending, isLonely != lonely.contains(key) { faults.append("\(key) alone or not?") }
    }
    for lease in open.values where lease.needsQuiet && !lease.hadCompany {
      if open.values.count(where: { $0.host == lease.host }) > 1 { faults.append("\(lease.key) is not alone") }
    }
    if Set(snapshot.order) != Set(snapshot.evaluations.keys) || snapshot.order.count != snapshot.evaluations.count {
      faults.append("the evaluations' order is not theirs")
    }
    for (peer, incarnation) in peers where sessions[incarnation]?.peer != peer { faults.append("peer without session") }
    for session in sessions.values where peers[session.peer] != session.incarnation {
      faults.append("session \(session.name) without peer")
    }
    for session in sessions.values where session.freeSlots < 0 || session.freeSlots > session.slots {
      faults.append("\(session.name) has \(session.freeSlots) of \(session.slots) slots")
    }
    let numbers = snapshot.trials.keys.map(\.value).sorted()
    if numbers != Array(0..<Int64(numbers.count)) { faults.append("trials \(numbers)") }
    return faults
  }
}
