import Foundation
import Launching
import Logging
import StudyModel
import Support
import WireProtocol

/// What a worker's log tells of its machine's events and actions, by trial, rung and attempt: the night's story for
/// people, of which nothing is decided.
struct WorkerLog {
  struct Line: Hashable {
    var level = Logger.Level.info
    let text: String
    /// The assignment that it is about.
    var about: Assignment?
  }

  private var assignments: [LeaseID: Assignment] = [:]
  private var begun: [LeaseID: Double] = [:]
  private var running: LeaseID?
  private var step = ""
  private var reported: Set<LeaseID> = []
  private var joined: UInt64?
  private var isKilled = false

  mutating func lines(for event: WorkerEvent, now: Double) -> [Line] {
    switch event {
    case .started, .tick, .engineBroke: return []
    case .received(let envelope): return heard(envelope)
    case .engineSaid(.progress(let lease, let step, let fraction)):
      guard lease == running, step != self.step else { return [] }
      self.step = step
      return [Line(text: "Step '\(step)', at \(Int(fraction * 100))%.", about: assignments[lease])]
    case .engineSaid: return []
    case .engineEnded(let exit, _):
      defer { isKilled = false }
      return [Line(level: isKilled ? .info : .warning, text: "The engine ended with \(exit).")]
    case .engineStartFailed(let message, _): return [Line(level: .error, text: message)]
    case .stopRequested: return [Line(level: .notice, text: "Asked to stop.")]
    case .lifelineCut: return [Line(level: .notice, text: "The process that started this worker is gone.")]
    }
  }

  mutating func lines(for action: WorkerAction, now: Double) -> [Line] {
    switch action {
    case .openSocket: return [Line(level: .debug, text: "Connects to the coordinator.")]
    case .send(let message, _): return said(message)
    case .spool(let report, _):
      defer { forget(report.lease) }
      return [
        Line(text: "Done\(duration(of: report.lease, now))\(figures(of: report)).", about: assignments[report.lease])
      ]
    case .unspool: return []
    case .startEngine: return [Line(level: .debug, text: "Starts an engine.")]
    case .tellEngine(.study): return []
    case .tellEngine(.begin(let assignment)):
      (assignments[assignment.lease], begun[assignment.lease]) = (assignment, now)
      (running, step) = (assignment.lease, "")
      return [Line(text: "Begins.", about: assignment)]
    case .killEngine:
      isKilled = true
      return [Line(text: "Ends the engine.")]
    case .log(let text): return [Line(text: text)]
    case .exit(let reason):
      return [Line(level: reason.exitCode == .success ? .notice : .error, text: "This worker ends: \(reason)")]
    }
  }

  private mutating func heard(_ envelope: Envelope<CoordinatorMessage>) -> [Line] {
    switch envelope.message {
    case .welcome(let welcome):
      guard joined != envelope.epoch else { return [] }
      joined = envelope.epoch
      return [
        Line(
          level: .notice,
          text: "Joined study '\(welcome.study.spec.study)' (search \(welcome.run), start \(envelope.epoch)).")
      ]
    case .reject(let rejection):
      // After its restart a coordinator asks every worker to say HELLO.
      let level = rejection.code == .unknownSession ? Logger.Level.debug : .warning
      return [Line(level: level, text: "Refused by the coordinator (\(rejection.code.rawValue)): \(rejection.text)")]
    case .lease(let grant):
      assignments[grant.assignment.lease] = grant.assignment
      return [Line(level: .debug, text: "Leased.", about: grant.assignment)]
    case .cancel(let lease):
      guard let assignment = assignments[lease] else { return [] }
      forget(lease)
      return [Line(text: "Cancelled by the coordinator.", about: assignment)]
    case .bye(let reason): return [Line(text: "The coordinator says goodbye (\(reason.rawValue)).")]
    case .pong, .resultAcknowledged, .failureAcknowledged: return []
    }
  }

  private mutating func said(_ message: WorkerMessage) -> [Line] {
    switch message {
    case .hello: return [Line(level: .debug, text: "Says HELLO.")]
    case .release(let lease):
      defer { forget(lease) }
      return [Line(text: "Gives lease \(lease) back.", about: assignments[lease])]
    case .failed(let report):
      // Repeated until it is acknowledged; told once.
      guard reported.insert(report.lease).inserted else { return [] }
      if reported.count > 256 { reported = [report.lease] }
      defer { forget(report.lease) }
      let failure = report.failure
      return [
        Line(
          level: .warning, text: "Failed (\(failure.failureClass.rawValue)): \(failure.message)",
          about: assignments[report.lease])
      ]
    case .ready, .ping, .result, .bye: return []
    }
  }

  private mutating func forget(_ lease: LeaseID) {
    assignments[lease] = nil
    begun[lease] = nil
    if running == lease { running = nil }
  }

  private func duration(of lease: LeaseID, _ now: Double) -> String {
    begun[lease].map { " in \(Units.duration(seconds: now - $0))" } ?? ""
  }

  private func figures(of report: ResultReport) -> String {
    guard let measures = try? report.result().measures else { return "" }
    return ": accuracy \(Units.percent(measures.accuracy.share)), \(Units.count(measures.parameters)) parameters"
  }
}

extension Assignment {
  /// For whoever looks for one trial in the logs of a night.
  var logMetadata: Logger.Metadata {
    var fields: Logger.Metadata = [
      "trial": "\(key.trial)", "rung": "\(key.rung)", "attempt": "\(attempt)", "lease": "\(lease)",
    ]
    if key.purpose != .trial { fields["purpose"] = "\(key.purpose.rawValue)" }
    return fields
  }
}
