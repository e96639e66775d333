import Foundation
import Search
import StudyModel
import Support

/// The network of the front that answers a question; chosen by validation accuracy, so that the sealed test stays a judge of the
/// choice.
package struct Recommendation: Sendable {
  package enum Question: Hashable, Sendable {
    /// The smallest network that loses at most so many points of accuracy (a share: 0.005 is half a point).
    case smallest(loss: Double)
    /// The fastest one.
    case fastest(loss: Double)
    /// Where the front bends: beyond it, a little more of one objective costs much of another.
    case knee
    case mostAccurate

    /// In words, with the limit in percentage points.
    package var text: String {
      switch self {
      case .smallest(let loss): "Smallest within \(Self.points(loss)) of dense"
      case .fastest(let loss): "Fastest within \(Self.points(loss)) of dense"
      case .knee: "Best trade (the front's knee)"
      case .mostAccurate: "Most accurate"
      }
    }

    static func points(_ share: Double) -> String {
      abs(share - 0.01) < 1e-9 ? "1 point" : "\(Figure.plain((share * 1000).rounded() / 10)) points"
    }
  }

  package let question: Question
  /// Nil where no network of the front is good enough.
  package let record: EvaluationRecord?
  /// Why there is none, or nil.
  package let reason: String?

  /// An answer to each question that the study can answer, in a fixed order; none without a front.
  package static func all(_ report: StudyReport) -> [Recommendation] {
    guard let front = report.front?.records, !front.isEmpty, let space = report.objectives else { return [] }
    var found = [
      least(.smallest(loss: 0.005), front, space: space) { size(of: $0, space) },
      least(.fastest(loss: 0.01), front, space: space) { space.ratio(.latency, of: $0) },
    ].compactMap { $0 }
    if let knee = knee(front, space: space) {
      found.append(Recommendation(question: .knee, record: knee, reason: nil))
    }
    return found + [Recommendation(question: .mostAccurate, record: front.first, reason: nil)]
  }

  /// By the first of the study's objectives that is a size, and by parameters where none is.
  private static func size(of measures: Measures, _ space: ObjectiveSpace) -> Double? {
    let objective = space.objectives.first { [.parameters, .size, .macs].contains($0) } ?? .parameters
    return space.value(objective, of: measures)
  }

  /// The least cost among those that are accurate enough, of equal ones the more accurate; nil where nothing has the measure.
  private static func least(
    _ question: Question, _ front: [EvaluationRecord], space: ObjectiveSpace, cost: (Measures) -> Double?
  ) -> Recommendation? {
    let allowed =
      switch question {
      case .smallest(let loss), .fastest(let loss): loss
      case .knee, .mostAccurate: 0.0
      }
    let measured = front.compactMap { record -> (record: EvaluationRecord, loss: Double, cost: Double)? in
      guard let measures = record.result?.measures, let cost = cost(measures), cost.isFinite else { return nil }
      return (record, space.baseline.accuracy.share - measures.accuracy.share, cost)
    }
    guard let closest = measured.min(by: { $0.loss < $1.loss }) else { return nil }
    // Shares are quotients of counts: the margin is far below one sample.
    let enough = measured.filter { $0.loss <= allowed + 1e-9 }
    guard let best = enough.min(by: { ($0.cost, $0.loss, $0.record.key) < ($1.cost, $1.loss, $1.record.key) }) else {
      return Recommendation(
        question: question, record: nil,
        reason: "None is as accurate: the closest, trial \(closest.record.key.trial), is "
          + String(format: "%.2f", closest.loss * 100) + " points below the dense network.")
    }
    return Recommendation(question: question, record: best.record, reason: nil)
  }

  /// The point with the least sum of objectives, each scaled to 0 to 1 over the front. For two objectives that is the point
  /// farthest below the straight line between the front's ends. Nil below three points, where no point lies between ends.
  private static func knee(_ front: [EvaluationRecord], space: ObjectiveSpace) -> EvaluationRecord? {
    let points = front.compactMap { record in
      (record.result?.measures).flatMap { space.point(of: $0) }.map { (record: record, point: $0) }
    }
    guard points.count >= 3, let first = points.first?.point, first.count >= 2 else { return nil }
    let ranges = first.indices.map { axis in
      let values = points.map { $0.point[axis] }
      return (low: values.min() ?? 0, high: values.max() ?? 0)
    }
    func sum(_ point: [Double]) -> Double {
      zip(point, ranges).reduce(0) { total, pair in
        let (value, range) = pair
        return total + (range.high > range.low ? (value - range.low) / (range.high - range.low) : 0)
      }
    }
    return points.min { (sum($0.point), $0.record.key) < (sum($1.point), $1.record.key) }?.record
  }
}
