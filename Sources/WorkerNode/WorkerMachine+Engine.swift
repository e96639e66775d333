import Launching
import StudyModel
import Support
import WireProtocol

/// The half that keeps an engine and runs the lease on it.
extension WorkerMachine {
  mutating func advanceEngine(now: Double) {
    guard let work else { return }
    if work.begunAt == nil {
      begin(work.assignment, now: now)
    } else if engine == .running, now >= workDeadline(work) {
      let limit = work.assignment.timeLimit
      let failure =
        now >= (work.begunAt ?? now) + limit
        ? EvaluationFailure(
          failureClass: .resource,
          message: "The evaluation was stopped at its time limit of \(Units.duration(seconds: limit)), "
            + "in step '\(work.step)'.")
        : EvaluationFailure(
          failureClass: .transient,
          message: "The engine said nothing for \(Units.duration(seconds: timings.engineSilenceLimit)), "
            + "in step '\(work.step)', and was stopped.")
      killEngine(.failing(failure, isDeath: false))
    }
  }

  /// When a running evaluation will be stopped.
  func workDeadline(_ work: Work) -> Double {
    min((work.begunAt ?? 0) + work.assignment.timeLimit, work.lastSign + timings.engineSilenceLimit)
  }

  mutating func engineSaid(_ event: EngineEvent, now: Double) {
    guard engine == .running else { return }
    engineHasSpoken = true
    failedEngineStarts = 0
    switch event {
    case .progress(let lease, let step, let fraction):
      guard work?.assignment.lease == lease else { return }
      work?.lastSign = now
      work?.counter += 1
      work?.step = step
      work?.fraction = fraction
      hastenPing(now: now)
    case .result(let lease, let result, let retires):
      if work?.assignment.lease == lease { finishWork(lease, result: result, now: now) }
      // Not a death: the next one starts at once, and takes up what this one may have been told since.
      if retires, engine == .running {
        work?.begunAt = nil
        actions.append(.log("The engine holds too much memory and is replaced."))
        killEngine(.silently)
      }
    case .failed(let lease, let failureClass, let message, let remedy):
      // Without a lease it is the study that the engine cannot use, and so whatever it was given.
      guard lease == nil || work?.assignment.lease == lease else { return }
      let text = [message, remedy].compactMap { $0 }.joined(separator: " ")
      if work == nil { actions.append(.log("The engine failed: \(text)")) }
      killEngine(.failing(EvaluationFailure(failureClass: failureClass, message: text), isDeath: lease == nil))
    }
  }

  mutating func engineBroke(_ message: String) {
    guard engine == .running else { return }
    actions.append(.log("The engine broke its protocol: \(message)"))
    killEngine(.failing(EvaluationFailure(failureClass: .internal, message: message), isDeath: true))
  }

  mutating func engineEnded(_ exit: Exit, logTail: String, now: Double) {
    switch engine {
    case .absent: return
    case .running:
      if !engineHasSpoken, let message = EngineDeath.failedStart(exit, logTail: logTail) {
        return engineCannotStart(message, isRetriable: false, now: now)
      }
      engine = .absent
      countDeath(now: now)
      if work == nil { actions.append(.log("The idle engine ended with \(exit).")) }
      report(EngineDeath.failure(exit, step: work?.step ?? "", logTail: logTail), now: now)
    case .ending(.silently): engine = .absent
    case .ending(.failing(var failure, let isDeath)):
      engine = .absent
      if isDeath { countDeath(now: now) }
      failure.logTail = logTail
      report(failure, now: now)
    }
  }

  /// That says nothing of the evaluation: it waits for the next try and, when this worker gives up, goes back uncharged.
  mutating func engineCannotStart(_ message: String, isRetriable: Bool, now: Double) {
    engine = .absent
    countDeath(now: now)
    failedEngineStarts += 1
    guard failedEngineStarts >= (isRetriable ? timings.engineStartRetryLimit : timings.engineStartLimit) else {
      work?.begunAt = nil
      return
    }
    if let work { send(.release(work.assignment.lease)) }
    send(.bye(.stopping))
    end(.engineUnavailable(message, isRetriable: isRetriable))
  }

  mutating func killEngine(_ ending: Ending) {
    engine = .ending(ending)
    actions.append(.killEngine)
  }

  /// The lease's work is of no use any more; an engine that is on it is replaced.
  mutating func cancelWork(_ lease: LeaseID) {
    settle(lease)
    guard let work, work.assignment.lease == lease else { return }
    self.work = nil
    if work.begunAt != nil && engine == .running { killEngine(.silently) }
  }

  private mutating func begin(_ assignment: Assignment, now: Double) {
    guard let study else { return }
    switch engine {
    case .ending: return
    case .absent:
      guard now >= engineNotBefore else { return }
      engine = .running
      engineHasSpoken = false
      actions.append(.startEngine)
      actions.append(.tellEngine(.study(study)))
    case .running: break
    }
    actions.append(.tellEngine(.begin(assignment)))
    work?.begunAt = now
    work?.lastSign = now
  }

  private mutating func finishWork(_ lease: LeaseID, result: EvaluationResult, now: Double) {
    // A measure that is no number comes from the plan (training diverged), and would come again.
    if let fault = result.fault {
      return killEngine(
        .failing(
          EvaluationFailure(failureClass: .deterministic, message: "The evaluation measured \(fault)."), isDeath: false)
      )
    }
    guard let report = try? ResultReport(lease: lease, result: result),
      report.bytes.count <= WireLimits.bodyBytes - 256
    else {
      return killEngine(
        .failing(
          EvaluationFailure(
            failureClass: .internal,
            message: "The evaluation's result is larger than a message may be (\(WireLimits.bodyBytes) bytes)."),
          isDeath: false))
    }
    work = nil
    engineDeaths = 0
    actions.append(.spool(report, run: run))
    outbox[lease] = Outgoing(
      message: .result(report), isResult: true, nextSend: now, interval: timings.reportRetryFirst)
  }

  private mutating func report(_ failure: EvaluationFailure, now: Double) {
    guard let work else { return }
    let lease = work.assignment.lease
    self.work = nil
    settle(lease)
    outbox[lease] = Outgoing(
      message: .failed(FailureReport(lease: lease, failure: failure)), isResult: false, nextSend: now,
      interval: timings.reportRetryFirst)
  }

  private mutating func countDeath(now: Double) {
    engineDeaths += 1
    engineNotBefore =
      now
      + min(timings.engineBackoffMaximum, timings.engineBackoffFirst * Double(1 << min(engineDeaths - 1, 20)))
  }
}
