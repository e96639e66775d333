import StudyModel
import StudyStore
import Support

/// The study's course: the baseline, the sensitivity scan where there is one, the search, the sealed test of what it found, the
/// end.
extension CoordinatorMachine {
  mutating func advance(now: Double) {
    // Each pass may open the next phase; the last one leaves by itself.
    for _ in 0..<4 where outcome == nil {
      let before = phase
      switch phase {
      case .baseline: advanceBaseline(now: now)
      case .scan: advanceScan(now: now)
      case .search: advanceSearch(now: now)
      case .sealedTest: advanceSealedTest(now: now)
      case .ended: return
      }
      if phase == before { return }
    }
  }

  /// True while a result of the evaluation would still be used.
  func isWanted(_ key: EvaluationKey) -> Bool {
    guard let status = snapshot.evaluations[key]?.record.status, status != .cancelled else { return false }
    return (key.purpose == .sealedTest) == (phase == .sealedTest)
  }

  /// What the source sees: everything but the sealed tests.
  package var history: [EvaluationRecord] { snapshot.records.filter { $0.key.purpose != .sealedTest } }

  // MARK: - Baseline

  private mutating func advanceBaseline(now: Double) {
    if snapshot.isFinished { return end(.finished) }
    guard let baseline = snapshot.evaluations[.baseline] else {
      record(.addTrial(EvaluationKey.baseline.trial, .dense(seed: spec.seed)), now: now)
      record(.addEvaluation(.baseline), now: now)
      return grantAll(now: now)
    }
    switch baseline.record.status {
    case .done:
      if let error = complaint(about: baseline.record) { return end(.failed(error)) }
      phase = isSearchBehind ? .sealedTest : .scan
    case .quarantined, .cancelled:
      end(
        .failed(
          CoordinationError(
            .baselineFailed,
            "The dense network could not be evaluated: \(baseline.record.failure?.message ?? "no reason is known.")",
            remedy:
              "Mend the cause (the workers' log files say more); `coppice retry FOLDER --trial 0` puts it back, then "
              + "--resume. A changed spec needs a new folder (--output).")))
    case .pending, .leased: grantAll(now: now)
    }
  }

  /// Sealed tests begin when the search is over. What waits beside them was made to wait again since: its result was damaged.
  private var isSearchBehind: Bool {
    snapshot.order.contains { $0.purpose == .sealedTest } && !snapshot.isSearchReopened
      && !snapshot.evaluations.values.contains { $0.record.status == .pending && $0.record.key.purpose == .trial }
  }

  private func complaint(about baseline: EvaluationRecord) -> CoordinationError? {
    guard let accuracy = baseline.result?.measures.accuracy else { return nil }
    let text = "The dense network is right on \(Units.percent(accuracy.share)) of \(accuracy.total) validation samples"
    if let classes = configuration.classCount, classes > 0, accuracy.share <= 1.5 / Double(classes) {
      return CoordinationError(
        .baselineNearChance, "\(text), hardly better than guessing among \(classes) classes.",
        remedy: "Check the weights, the order of the classes, and the spec's input: scale, mean and std.")
    }
    if let expected = spec.expectedAccuracy, accuracy.share < expected {
      return CoordinationError(
        .baselineInaccurate, "\(text); the spec expects \(Units.percent(expected)).",
        remedy: "Check the weights and the spec's input: scale, mean and std; or lower expect: accuracy.")
    }
    return nil
  }

  // MARK: - Scan

  /// The search begins once every group has an end, also a bad one: a scan is a hint, and groups without one count as average.
  private mutating func advanceScan(now: Double) {
    let keys = scanKeys
    for key in keys where snapshot.evaluations[key] == nil { record(.addEvaluation(key), now: now) }
    let isOpen = keys.contains {
      let status = snapshot.evaluations[$0]?.record.status
      return status == .pending || status == .leased
    }
    // The search ends by the time, with all that waits.
    if isOpen, !timeIsOver(now: now) { return grantAll(now: now) }
    phase = .search
  }

  /// The scan's evaluations; none for a study whose trials began without them, since its decisions must stay what they were.
  private var scanKeys: [EvaluationKey] {
    // Any of them tells that there was one: the first may have been set aside as damaged, and is made again then.
    guard snapshot.trials.count <= 1 || snapshot.order.contains(where: { $0.purpose == .scan }) else { return [] }
    return source.scans.indices.map(EvaluationKey.scan)
  }

  // MARK: - Search

  private func timeIsOver(now: Double) -> Bool { spec.budget.seconds.map { elapsed(at: now) >= $0 } ?? false }

  private mutating func advanceSearch(now: Double) {
    if drainingSince == nil, searchEnding == nil, timeIsOver(now: now) {
      drainingSince = now
      record(.note(kind: "time is over", detail: Units.duration(seconds: elapsed(at: now))), now: now)
    }
    if let since = drainingSince {
      drain(since: since, now: now)
    } else {
      grantAll(now: now)
    }
    if outcome == nil, isSearchOver { beginSealedTest(now: now) }
  }

  private var isSearchOver: Bool {
    (drainingSince != nil || searchEnding != nil) && open.isEmpty
      && !snapshot.evaluations.values.contains {
        $0.record.key.purpose != .sealedTest && ($0.record.status == .pending || $0.record.status == .leased)
      }
  }

  /// No more work; what waits is cancelled, what runs may end, within limits.
  private mutating func drain(since: Double, now: Double) {
    if now - since >= timings.drainLimit {
      for id in open.keys.sorted() {
        if let holder = open[id].flatMap({ sessions[$0.holder] }) { send(.cancel(id), to: holder.peer) }
        closeLease(id, .released, now: now)
      }
    }
    for key in snapshot.order where snapshot.evaluations[key]?.record.status == .pending {
      record(.setStatus(key, .cancelled, reason: "the time was over"), now: now)
    }
  }

  /// Asks the source for something new to evaluate.
  mutating func newWork(now: Double) -> EvaluationKey? {
    guard phase == .search, drainingSince == nil, searchEnding == nil, !sourceRests else { return nil }
    let hasWork = !open.isEmpty || snapshot.evaluations.values.contains { $0.record.status == .pending }
    switch source.next(history: history, elapsed: elapsed(at: now)) {
    case .evaluate(let plan):
      guard let identity = try? plan.identity(), !snapshot.hasPlan(identity) else {
        return rest(note: "the plan exists", isFinal: !hasWork, now: now)
      }
      let trial = TrialID((snapshot.trials.keys.max()?.value ?? 0) + 1)
      record(.addTrial(trial, plan), now: now)
      return add(EvaluationKey(trial: trial, rung: 0), now: now)
    case .promote(let trial, let rung):
      let parent = snapshot.evaluations[EvaluationKey(trial: trial, rung: rung - 1)]?.record
      let key = EvaluationKey(trial: trial, rung: rung)
      guard spec.fineTune.rungs.indices.contains(rung), parent?.status == .done, snapshot.evaluations[key] == nil else {
        return rest(note: "trial \(trial) cannot go to rung \(rung)", isFinal: !hasWork, now: now)
      }
      return add(key, now: now)
    case .wait:
      // Waiting for nothing would be for ever.
      return rest(note: hasWork ? nil : "the sampler waits for nothing", isFinal: !hasWork, now: now)
    case .finished(let reason):
      return rest(note: nil, reason: reason, detail: sweepWords(reason), isFinal: !hasWork, now: now)
    }
  }

  private mutating func add(_ key: EvaluationKey, now: Double) -> EvaluationKey? {
    record(.addEvaluation(key), now: now)
    return outcome == nil ? key : nil
  }

  /// The source is left alone until something has changed, or for good when nothing can.
  private mutating func rest(
    note: String?, reason: FinishReason = .samplerIsDone, detail: String = "", isFinal: Bool, now: Double
  ) -> EvaluationKey? {
    if let note { record(.note(kind: "search ends", detail: note), now: now) }
    sourceRests = true
    searchEnding = isFinal ? SearchEnding(reason, detail: note ?? detail) : nil
    return nil
  }

  /// What a sweep has behind itself: "all 9 plans of the grid are done, 1 of them failed"; empty for other reasons.
  private func sweepWords(_ reason: FinishReason) -> String {
    guard reason == .plansAreDone, let count = source.planCount else { return "" }
    let name = spec.sampler == .list ? "list" : "grid"
    let failed = Set(
      snapshot.evaluations.values.filter { $0.record.key.purpose == .trial && $0.record.status == .quarantined }
        .map(\.record.key.trial)
    ).count
    let words = count == 1 ? "the one plan of the \(name) is done" : "all \(count) plans of the \(name) are done"
    return words + (failed > 0 ? ", \(failed) of them failed" : "")
  }

  // MARK: - Sealed test

  /// All sealed tests begin in one transaction: from then on the search is over, also for a coordinator that comes later.
  private mutating func beginSealedTest(now: Double) {
    record(
      .endSearch(drainingSince == nil ? searchEnding ?? SearchEnding(.samplerIsDone) : SearchEnding(.timeIsUp)),
      now: now)
    let front = source.front(history: history).filter { snapshot.evaluations[$0]?.record.status == .done }
    let networks = [EvaluationKey.baseline] + front.filter { $0.purpose == .trial }.sorted()
    // A search that went on after its end, since a result was damaged, has some of them.
    for network in networks {
      let key = EvaluationKey(trial: network.trial, rung: network.rung, purpose: .sealedTest)
      switch snapshot.evaluations[key]?.record.status {
      case nil: record(.addEvaluation(key), now: now)
      // It had been called off, since the search was to go on.
      case .cancelled: record(.setStatus(key, .pending), now: now)
      case .pending, .leased, .done, .quarantined: break
      }
    }
    phase = .sealedTest
  }

  private mutating func advanceSealedTest(now: Double) {
    // A coordinator that ended between the search and its clearing up leaves such.
    for key in snapshot.order where key.purpose != .sealedTest && snapshot.evaluations[key]?.record.status == .pending {
      record(.setStatus(key, .cancelled, reason: "the search had ended"), now: now)
    }
    grantAll(now: now)
    let sealed = snapshot.evaluations.filter { $0.key.purpose == .sealedTest }
    guard !sealed.values.contains(where: { $0.record.status == .pending || $0.record.status == .leased }) else {
      return
    }
    record(.finish, now: now)
    end(.finished)
  }
}
