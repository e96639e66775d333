import StudyModel
import StudyStore
import Support

/// The study's course: the baseline, the search, the sealed test of what it found, the end.
extension CoordinatorMachine {
  mutating func advance(now: Double) {
    // Each pass may open the next phase; the last one leaves by itself.
    for _ in 0..<4 where outcome == nil {
      let before = phase
      switch phase {
      case .baseline: advanceBaseline(now: now)
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
      phase = snapshot.order.contains { $0.purpose == .sealedTest } ? .sealedTest : .search
    case .quarantined, .cancelled:
      end(
        .failed(
          CoordinationError(
            .baselineFailed,
            "The dense network could not be evaluated: \(baseline.record.failure?.message ?? "no reason is known.")",
            remedy: "Mend the cause (the workers' log files say more), then start in a new output folder.")))
    case .pending, .leased: grantAll(now: now)
    }
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

  // MARK: - Search

  private mutating func advanceSearch(now: Double) {
    if let seconds = spec.budget.seconds, drainingSince == nil, elapsed(at: now) >= seconds {
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
    (drainingSince != nil || sourceIsFinished) && open.isEmpty
      && !snapshot.evaluations.values.contains { $0.record.status == .pending || $0.record.status == .leased }
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
      record(.setStatus(key, .cancelled), now: now)
    }
  }

  /// Asks the source for something new to evaluate.
  mutating func newWork(now: Double) -> EvaluationKey? {
    guard phase == .search, drainingSince == nil, !sourceRests else { return nil }
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
    case .finished:
      return rest(note: nil, isFinal: !hasWork, now: now)
    }
  }

  private mutating func add(_ key: EvaluationKey, now: Double) -> EvaluationKey? {
    record(.addEvaluation(key), now: now)
    return outcome == nil ? key : nil
  }

  /// The source is left alone until something has changed, or for good when nothing can.
  private mutating func rest(note: String?, isFinal: Bool, now: Double) -> EvaluationKey? {
    if let note { record(.note(kind: "search ends", detail: note), now: now) }
    sourceRests = true
    sourceIsFinished = isFinal
    return nil
  }

  // MARK: - Sealed test

  /// All sealed tests begin in one transaction: from then on the search is over, also for a coordinator that comes later.
  private mutating func beginSealedTest(now: Double) {
    let front = source.front(history: history).filter { snapshot.evaluations[$0]?.record.status == .done }
    record(.addEvaluation(EvaluationKey(trial: EvaluationKey.baseline.trial, rung: 0, purpose: .sealedTest)), now: now)
    for key in front.sorted() where key.purpose == .trial {
      record(.addEvaluation(EvaluationKey(trial: key.trial, rung: key.rung, purpose: .sealedTest)), now: now)
    }
    phase = .sealedTest
  }

  private mutating func advanceSealedTest(now: Double) {
    // A coordinator that ended between the search and its clearing up leaves such.
    for key in snapshot.order where key.purpose != .sealedTest && snapshot.evaluations[key]?.record.status == .pending {
      record(.setStatus(key, .cancelled), now: now)
    }
    grantAll(now: now)
    let sealed = snapshot.evaluations.filter { $0.key.purpose == .sealedTest }
    guard sealed.values.allSatisfy({ $0.record.status == .done || $0.record.status == .quarantined }) else { return }
    record(.finish, now: now)
    end(.finished)
  }
}
