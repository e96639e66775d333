import Foundation
import Search
import StudyModel
import Support

/// The front and the history as JSON arrays, an object for each finished evaluation.
///
/// Accuracies are shares on the validation split; every other measure has its value (counts, bytes, seconds) and its
/// ratio to the baseline, null where it was not measured.
package enum EvaluationJSON {
  package static func front(_ report: StudyReport) throws -> Data {
    try encode(report.front?.records ?? [], report)
  }

  package static func history(_ report: StudyReport) throws -> Data {
    try encode(report.history, report)
  }

  private static func encode(_ records: [EvaluationRecord], _ report: StudyReport) throws -> Data {
    let sealed = report.sealed
    let onFront = Set((report.front?.records ?? []).map(\.key))
    let rows = report.objectives.map { space in
      records.compactMap {
        Row($0, space: space, sealed: sealed[$0.key.trial]?.accuracy, onFront: onFront.contains($0.key))
      }
    }
    return Data((try PrettyJSON.text(of: rows ?? []) + "\n").utf8)
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

    init?(_ record: EvaluationRecord, space: ObjectiveSpace, sealed: Proportion?, onFront: Bool) {
      guard let measures = record.result?.measures else { return nil }
      self.record = record
      self.measures = measures
      self.space = space
      self.sealed = sealed
      self.onFront = onFront
    }

    enum Key: String, CodingKey {
      case trial, plan, planIdentity = "plan_id", rung, seconds, accuracy, accuracyInterval = "accuracy_interval"
      case loss, parameters, macs, size, latency, status, worker, feasible, front, attempts, timings
      case sealedAccuracy = "sealed_accuracy", network
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
      if let sealed { try row.encode(sealed.share, forKey: .sealedAccuracy) }
    }
  }
}
