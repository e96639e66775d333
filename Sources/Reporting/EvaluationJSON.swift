import Foundation
import Search
import StudyModel
import Support

/// The front and the history as JSON arrays, an object for each finished evaluation.
///
/// Accuracies are shares on the validation split; every other measure has its value (counts, bytes, seconds) and its
/// ratio to the baseline, null where it was not measured. Seconds of latency are the ratio times the baseline's seconds, as in every
/// table. `network_file` is the ONNX file of a network of the front, null until it is written. `purpose` tells trials from the groups of a sensitivity scan, which
/// only the history holds and which say in `scan` what was cut.
///
/// Behind them, for each row of a damaged study that could not be used, an object whose `status` is `damaged`.
package enum EvaluationJSON {
  package static func front(_ report: StudyReport) throws -> Data {
    try data(FrontRows(report, .front))
  }

  package static func history(_ report: StudyReport) throws -> Data {
    try data(FrontRows(report, .history))
  }

  package static func data(_ rows: FrontRows) throws -> Data { try encode(rows.records, rows.report) }

  private static func encode(_ records: [EvaluationRecord], _ report: StudyReport) throws -> Data {
    let sealed = report.sealed
    let onFront = Set((report.front?.records ?? []).map(\.key))
    let rows = report.objectives.map { space in
      records.compactMap {
        Row(
          $0, space: space, sealed: $0.key.purpose == .scan ? nil : sealed[$0.key.trial]?.accuracy,
          onFront: onFront.contains($0.key), original: report.twins.original(of: $0.key.trial),
          file: report.networks[$0.key])
      }
    }
    let entries = (rows ?? []).map { Entry.row($0) } + report.damage.map { Entry.damage($0) }
    return Data((try PrettyJSON.text(of: entries) + "\n").utf8)
  }

  private enum Entry: Encodable {
    case row(Row)
    case damage(StudyReport.Damage)

    func encode(to encoder: any Encoder) throws {
      switch self {
      case .row(let row): try row.encode(to: encoder)
      case .damage(let damage): try damage.encode(to: encoder)
      }
    }
  }

  private struct Ratio: Encodable {
    let value: Double
    let ratio: Double

    init?(_ objective: Objective, of measures: Measures, in space: ObjectiveSpace) {
      guard let value = space.value(objective, of: measures), let ratio = space.ratio(objective, of: measures),
        ratio.isFinite
      else { return nil }
      self.value = value
      self.ratio = ratio
    }
  }

  private struct Row: Encodable {
    let record: EvaluationRecord
    let measures: Measures
    let space: ObjectiveSpace
    let sealed: Proportion?
    let onFront: Bool
    let original: TrialID?
    let file: String?

    init?(
      _ record: EvaluationRecord, space: ObjectiveSpace, sealed: Proportion?, onFront: Bool, original: TrialID?,
      file: String?
    ) {
      guard let measures = record.result?.measures else { return nil }
      self.record = record
      self.measures = measures
      self.space = space
      self.sealed = sealed
      self.onFront = onFront
      self.original = original
      self.file = file
    }

    enum Key: String, CodingKey {
      case trial, plan, planIdentity = "plan_id", rung, seconds, accuracy, accuracyInterval = "accuracy_interval"
      case loss, parameters, macs, size, latency, status, worker, feasible, front, attempts, timings
      case sealedAccuracy = "sealed_accuracy", network, purpose, scan, sameNetworkAs = "same_network_as",
        copyOf = "copy_of", engine, threads, networkFile = "network_file"
    }

    func encode(to encoder: any Encoder) throws {
      var row = encoder.container(keyedBy: Key.self)
      try row.encode(record.key.trial.value, forKey: .trial)
      try row.encode(record.plan, forKey: .plan)
      try row.encode(record.plan.identity().hex, forKey: .planIdentity)
      try row.encode(record.key.rung, forKey: .rung)
      try row.encode(record.finishedAt, forKey: .seconds)
      try row.encode(measures.accuracy.share, forKey: .accuracy)
      let interval = measures.accuracy.interval
      try row.encode([interval.lowerBound, interval.upperBound], forKey: .accuracyInterval)
      try row.encode(measures.loss, forKey: .loss)
      for (key, objective) in [
        (Key.parameters, Objective.parameters), (.macs, .macs), (.size, .size), (.latency, .latency),
      ] {
        try row.encode(Ratio(objective, of: measures, in: space), forKey: key)
      }
      try row.encode(record.status, forKey: .status)
      try row.encode(record.worker, forKey: .worker)
      try row.encode(space.isFeasible(measures), forKey: .feasible)
      try row.encode(onFront, forKey: .front)
      try row.encode(record.attempts, forKey: .attempts)
      try row.encode(record.result?.timings ?? [:], forKey: .timings)
      try row.encode(record.result?.checkpoint, forKey: .network)
      try row.encode(file, forKey: .networkFile)
      try row.encode(record.key.purpose, forKey: .purpose)
      try row.encodeIfPresent(record.result?.scan, forKey: .scan)
      try row.encode(original?.value, forKey: .sameNetworkAs)
      try row.encode(record.result?.copyOf?.value, forKey: .copyOf)
      try row.encode(record.result?.engine, forKey: .engine)
      try row.encode(record.result?.threads, forKey: .threads)
      if let sealed { try row.encode(sealed.share, forKey: .sealedAccuracy) }
    }
  }
}
