import StudyModel
import StudyStore
import Support
import WireProtocol

/// The study's disk: what leaves it, what is made again because it left, and when no more work is given out.
extension CoordinatorMachine {
  /// Why no work is given out for want of disk, or nil.
  package var shortage: DiskShortage? { storage.shortage }

  /// False while the disk is short. Sealed tests write no networks, so a full quota does not hold them up.
  var mayLease: Bool { storage.shortage.map { $0.isOfQuota && phase == .sealedTest } ?? true }

  mutating func receive(_ report: StorageReport, now: Double) {
    noteAbsences(report, now: now)
    let limits = DiskLimits(
      quota: spec.diskLimit, denseBytes: denseBytes(report),
      slots: max(spec.workers, sessions.values.reduce(0) { $0 + $1.slots }))
    var (used, space) = (report.usedBytes + bytesOfExport(report), report.space)
    let excess = limits.excess(used: used, space: space)
    if excess > 0 {
      let freed = evict(excess, report, now: now)
      used -= freed
      space?.free += freed
    }
    setShortage(limits.shortage(used: used, space: space, isPaused: storage.shortage != nil), now: now)
  }

  /// A search that has nothing left to do ends also while no work is given out.
  mutating func endIfIdle(now: Double) {
    guard phase == .search, !sourceRests, open.isEmpty,
      !snapshot.evaluations.values.contains(where: { $0.record.status == .pending })
    else { return }
    if case .finished(let reason) = source.next(history: history, elapsed: elapsed(at: now)) {
      sourceRests = true
      searchEnding = SearchEnding(reason, detail: "")
    }
  }

  /// The evaluation from whose network this one starts; nil for the dense network.
  func parent(of key: EvaluationKey) -> EvaluationKey? {
    switch key.purpose {
    case .baseline, .scan: nil
    case .trial: key.rung > 0 ? EvaluationKey(trial: key.trial, rung: key.rung - 1) : nil
    case .sealedTest:
      key.trial == EvaluationKey.baseline.trial ? .baseline : EvaluationKey(trial: key.trial, rung: key.rung)
    }
  }

  /// Where an evaluation starts: at its parent's checkpoint or, where that is gone, at the dense network with the rungs by which
  /// the parent's network is made again. (The dense network needs none.)
  func origin(of key: EvaluationKey) -> (checkpoint: Digest?, rebuild: [Double]?) {
    guard let parent = parent(of: key), let checkpoint = checkpoint(of: parent) else { return (nil, nil) }
    guard storage.absent.contains(checkpoint) else { return (checkpoint, nil) }
    return (nil, parent == .baseline ? nil : Array(spec.fineTune.rungs.prefix(parent.rung + 1)))
  }

  /// Seconds for an evaluation, with the rungs that it makes again.
  func timeLimit(_ rebuild: [Double]?, from start: Double, to end: Double) -> Double {
    guard rebuild != nil else { return timings.evaluationLimit }
    return timings.evaluationLimit * max(2, end > start ? end / (end - start) : 2)
  }

  /// An engine found its parent's checkpoint missing or damaged: nobody's fault, and the next lease makes it again.
  mutating func noteLoss(_ report: FailureReport, now: Double) {
    guard report.failure.failureClass == .checkpointGone, open[report.lease] != nil,
      let lease = snapshot.leases[report.lease], let parent = parent(of: lease.key),
      let digest = checkpoint(of: parent), !storage.absent.contains(digest)
    else { return }
    storage.absent.insert(digest)
    storage.damaged.insert(digest)
    record(
      .note(
        kind: "network lost", key: parent, lease: report.lease, worker: lease.worker,
        detail: "\(digest.short): \(report.failure.message)"), now: now)
  }

  /// A result was accepted, and its network is there.
  mutating func notePresence(_ digest: Digest?) {
    guard let digest else { return }
    storage.absent.remove(digest)
    storage.damaged.remove(digest)
  }

  private func checkpoint(of key: EvaluationKey) -> Digest? { snapshot.evaluations[key]?.record.result?.checkpoint }

  /// What the end of the search will write beside what is there: the networks of the front, about as large as their checkpoints.
  private func bytesOfExport(_ report: StorageReport) -> Int {
    guard spec.diskLimit != nil, let exported = report.exportedBytes else { return 0 }
    let front = source.front(history: history).compactMap { checkpoint(of: $0).flatMap { report.blobs[$0] } }
    return max(0, front.reduce(0, +) - exported)
  }

  private func denseBytes(_ report: StorageReport) -> Int {
    [configuration.context.network, checkpoint(of: .baseline)].compactMap { $0.flatMap { report.blobs[$0] } }.max() ?? 0
  }

  private mutating func noteAbsences(_ report: StorageReport, now: Double) {
    var (absent, lost): (Set<Digest>, [EvaluationKey]) = (storage.damaged, [])
    for key in snapshot.order {
      guard let digest = checkpoint(of: key), report.blobs[digest] == nil else { continue }
      absent.insert(digest)
      if !storage.absent.contains(digest), !storage.evicted.contains(key) { lost.append(key) }
    }
    storage.absent = absent
    guard let first = lost.first else { return }
    record(
      .note(
        kind: "network lost", key: first,
        detail: "\(lost.count) networks of finished evaluations are not in the artifact store, and were not evicted"),
      now: now)
  }

  /// Chooses what leaves and returns its bytes; it is removed after the choice is stored.
  private mutating func evict(_ excess: Int, _ report: StorageReport, now: Double) -> Int {
    let plan = EvictionPlan(
      excess: excess, blobs: report.blobs, scores: report.scores, records: snapshot.records,
      // A coordinator that comes back looks at its disk before it knows in which phase the study is.
      front: source.front(history: history),
      continuable: phase == .sealedTest ? [] : source.continuable(history: history), pinned: pinned)
    for eviction in plan.evictions {
      record(
        .note(
          kind: "evicted", key: eviction.key,
          detail: "\(eviction.digest.short) (\(Units.bytes(eviction.bytes))): \(eviction.usefulness.text)"), now: now)
      if let key = eviction.key {
        storage.evicted.insert(key)
        storage.absent.insert(eviction.digest)
      }
    }
    storage.leaving += plan.evictions.map(\.digest)
    return plan.freedBytes
  }

  /// The dense network, and what evaluations that wait or run start from; also what sealed tests were of, until it is exported.
  private var pinned: Set<Digest> {
    var pinned: Set<Digest> = [configuration.context.network]
    for (key, evaluation) in snapshot.evaluations {
      let isOpen = evaluation.record.status == .pending || evaluation.record.status == .leased
      guard isOpen || key.purpose == .sealedTest, let parent = parent(of: key) else { continue }
      if let digest = checkpoint(of: parent) { pinned.insert(digest) }
    }
    return pinned
  }

  private mutating func setShortage(_ shortage: DiskShortage?, now: Double) {
    // The figures change all the time; the history tells only of beginnings and ends.
    if let shortage, storage.shortage == nil { record(.note(kind: "paused", detail: shortage.description), now: now) }
    if shortage == nil, storage.shortage != nil { record(.note(kind: "unpaused", detail: "disk"), now: now) }
    storage.shortage = shortage
  }
}
