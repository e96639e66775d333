import Foundation
import Support

/// The unit of work: one plan at one rung; unique in a study.
package struct EvaluationKey: Hashable, Sendable, Codable, Comparable {
  package var trial: TrialID
  package var rung: Int
  package var purpose: Purpose

  /// What an evaluation is for.
  package enum Purpose: String, Hashable, Sendable, Codable, CaseIterable {
    /// The dense network, measured on the validation split like every trial.
    case baseline
    case trial
    /// The dense network with one group cut alone, before the first trial.
    case scan
    /// A front network (or the baseline) on the sealed split, once, after the search.
    case sealedTest = "sealed-test"
  }

  package init(trial: TrialID, rung: Int, purpose: Purpose = .trial) {
    self.trial = trial
    self.rung = rung
    self.purpose = purpose
  }

  package static let baseline = EvaluationKey(trial: TrialID(0), rung: 0, purpose: .baseline)

  /// A group of the sensitivity scan by its number there, from 0. It is of no trial and trains nothing, so it stands with the
  /// baseline's trial, and the rung holds the number.
  package static func scan(_ number: Int) -> EvaluationKey {
    EvaluationKey(trial: baseline.trial, rung: number, purpose: .scan)
  }

  /// For people: "trial 3, rung 1", "dense network", "group 2 of the sensitivity scan".
  package var text: String {
    switch purpose {
    case .baseline: "dense network"
    case .trial: "trial \(trial), rung \(rung)"
    case .scan: "group \(rung + 1) of the sensitivity scan"
    case .sealedTest:
      (trial == Self.baseline.trial ? "dense network" : "trial \(trial), rung \(rung)") + " (sealed test)"
    }
  }

  package static func < (left: Self, right: Self) -> Bool {
    (left.trial, left.rung, left.purpose.rawValue) < (right.trial, right.rung, right.purpose.rawValue)
  }
}

/// The right of one worker to run one evaluation, with all that it needs.
package struct Assignment: Hashable, Sendable, Codable {
  package var lease: LeaseID
  package var key: EvaluationKey
  package var attempt: Int
  package var plan: PruningPlan
  /// Cumulative epochs where this evaluation starts (its parent's) and ends.
  package var fromEpochs: Double
  package var toEpochs: Double
  /// The parent rung's network, from which this one continues; nil starts from the dense network.
  package var parentCheckpoint: Digest?
  /// Where the parent's checkpoint is gone: the cumulative epochs of the rungs, from the first to the parent's, by which the
  /// plan makes its network again.
  package var rebuildRungs: [Double]?
  /// Seconds after which the engine is stopped.
  package var timeLimit: Double

  package init(
    lease: LeaseID, key: EvaluationKey, attempt: Int, plan: PruningPlan, fromEpochs: Double, toEpochs: Double,
    parentCheckpoint: Digest?, rebuildRungs: [Double]? = nil, timeLimit: Double
  ) {
    self.lease = lease
    self.key = key
    self.attempt = attempt
    self.plan = plan
    self.fromEpochs = fromEpochs
    self.toEpochs = toEpochs
    self.parentCheckpoint = parentCheckpoint
    self.rebuildRungs = rebuildRungs
    self.timeLimit = timeLimit
  }
}

/// What an evaluation brought.
package struct EvaluationResult: Hashable, Sendable, Codable {
  package var measures: Measures
  /// The pruned and fine-tuned network, an ONNX file in the artifact store; nil for scans and for sealed tests, but for one that had
  /// to make its network again.
  package var checkpoint: Digest?
  /// Seconds of each step, by name: "score", "prune", "recalibrate", "fine-tune", "evaluate", "latency", "export".
  package var timings: [String: Double]
  /// Kept and all units of each group, for tables and for replay checks.
  package var keptUnits: [String: [Int]]
  /// Of a scan: the group that was cut and what that did; the measures are then those of the network without it.
  package var scan: SensitivityScan.Entry?
  /// Names the network that the plan's cut left, with all that decides what becomes of it: trials in which it is equal are one.
  /// Nil after rung 0, and where cuts need training first, so that the plan itself is the only name.
  package var network: Digest?
  /// The trial whose figures these are, because its network was the same and had been measured.
  package var copyOf: TrialID?
  /// `EngineIdentity.digest` of the engine that made this, and the threads that it computed with.
  package var engine: Digest?
  package var threads: Int?

  package init(
    measures: Measures, checkpoint: Digest?, timings: [String: Double] = [:], keptUnits: [String: [Int]] = [:],
    network: Digest? = nil, copyOf: TrialID? = nil, engine: Digest? = nil, threads: Int? = nil,
    scan: SensitivityScan.Entry? = nil
  ) {
    self.measures = measures
    self.checkpoint = checkpoint
    self.timings = timings
    self.keptUnits = keptUnits
    self.scan = scan
    self.network = network
    self.copyOf = copyOf
    self.engine = engine
    self.threads = threads
  }

  /// Names a measure that cannot be right (not finite, negative, a share above one), or nil. Nothing outside these
  /// limits is stored, whoever sends it.
  package var fault: String? {
    let measures = measures
    if measures.accuracy.total <= 0 || !(0...measures.accuracy.total).contains(measures.accuracy.successes) {
      return "accuracy \(measures.accuracy.successes) of \(measures.accuracy.total)"
    }
    if !measures.loss.isFinite { return "loss \(measures.loss)" }
    for (name, value) in [
      ("parameters", measures.parameters), ("non-zero parameters", measures.nonzeroParameters),
      ("MACs", measures.macs), ("size", measures.sizeBytes),
    ] where value < 0 {
      return "\(name) \(value)"
    }
    if let scan {
      if !(0...1).contains(scan.accuracy) { return "accuracy \(scan.accuracy) without '\(scan.group)'" }
      if !scan.loss.isFinite { return "loss \(scan.loss) without '\(scan.group)'" }
    }
    if let latency = measures.latency {
      for (name, value) in [
        ("latency", latency.seconds), ("dense latency", latency.denseSeconds), ("latency ratio", latency.ratio),
      ] where !value.isFinite || value <= 0 {
        return "\(name) \(value)"
      }
    }
    return nil
  }
}

/// Why an attempt failed, as far as that decides what happens next.
package enum FailureClass: String, Hashable, Sendable, Codable, CaseIterable {
  /// Lost worker or engine, broken pipe: may succeed elsewhere.
  case transient
  /// The same inputs will fail again.
  case deterministic
  /// Out of memory or time.
  case resource
  /// The spec, the network or the data cannot be used.
  case badInput = "bad-input"
  /// The host was taken away; the attempt is not charged.
  case preempted
  /// A fault of ours.
  case `internal`
  /// The checkpoint to start from is missing or damaged; it can be made again, and the attempt is not charged.
  case checkpointGone = "checkpoint-gone"
  /// No room for what the evaluation had to write; the attempt is not charged.
  case diskFull = "disk-full"
}

/// A failed attempt.
package struct EvaluationFailure: Hashable, Sendable, Codable {
  package var failureClass: FailureClass
  package var message: String
  package var exitStatus: Int?
  package var signal: Int?
  /// The end of the engine's output, at most 8 KiB.
  package var logTail: String

  package init(
    failureClass: FailureClass, message: String, exitStatus: Int? = nil, signal: Int? = nil, logTail: String = ""
  ) {
    self.failureClass = failureClass
    self.message = message
    self.exitStatus = exitStatus
    self.signal = signal
    self.logTail = logTail
  }
}

/// Where an evaluation stands.
package enum EvaluationStatus: String, Hashable, Sendable, Codable, CaseIterable {
  case pending, leased, done
  /// Set aside for its own failures; tried again only when asked.
  case quarantined
  case cancelled
}

/// An evaluation as it is stored and shown: immutable once done.
package struct EvaluationRecord: Hashable, Sendable, Codable {
  package var key: EvaluationKey
  package var plan: PruningPlan
  package var status: EvaluationStatus
  package var attempts: Int
  package var result: EvaluationResult?
  package var failure: EvaluationFailure?
  package var worker: String?
  /// Seconds since the search began (pauses between runs of the coordinator are not counted).
  package var finishedAt: Double?
  /// Why it was quarantined or cancelled, in words.
  package var reason: String?

  package init(
    key: EvaluationKey, plan: PruningPlan, status: EvaluationStatus, attempts: Int = 0,
    result: EvaluationResult? = nil, failure: EvaluationFailure? = nil, worker: String? = nil,
    finishedAt: Double? = nil, reason: String? = nil
  ) {
    self.key = key
    self.plan = plan
    self.status = status
    self.attempts = attempts
    self.result = result
    self.failure = failure
    self.worker = worker
    self.finishedAt = finishedAt
    self.reason = reason
  }
}
