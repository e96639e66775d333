import Logging
import StudyStore

/// What a coordinator's log tells: the study's history as it is written, line by line, each at its level.
enum CoordinatorLog {
  static func show(_ changes: [StudyChange], epoch: Int64, at elapsed: Double, in logger: Logger) {
    for change in changes {
      let event = HistoryEvent(change, epoch: epoch, at: elapsed)
      var fields: Logger.Metadata = [:]
      if let key = event.key {
        fields["trial"] = "\(key.trial)"
        fields["rung"] = "\(key.rung)"
        if key.purpose != .trial { fields["purpose"] = "\(key.purpose.rawValue)" }
      }
      if let lease = event.lease { fields["lease"] = "\(lease)" }
      if let worker = event.worker { fields["worker"] = "\(worker)" }
      let detail = event.detail.isEmpty || event.kind == "accepted" ? "" : ": \(event.detail)"
      logger.log(level: level(of: event.kind), "\(event.kind)\(detail)", metadata: fields)
    }
  }

  /// What somebody should know in the morning stands out; bookkeeping is for whoever looks for a fault.
  static func level(of kind: String) -> Logger.Level {
    switch kind {
    case "trial", "evaluation", "granted", "completed", "acknowledged", "reinstated", "superseded": .debug
    case "failure", "expired", "lost", "suspended", "time is over", "search ends", "finished", "readmitted": .notice
    case "network lost", "unpaused", "search ended", "run ended", "retried", "excused": .notice
    case "paused", "quarantined", "quarantined worker", "refused", "mismatch": .warning
    default: .info
    }
  }
}
