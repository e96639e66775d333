import StudyModel

/// How the hypervolume grew over the search: all finished evaluations of trials count, whatever their rung and whether
/// or not they keep the constraints, so that the curve never falls.
package struct HypervolumeCurve: Sendable, Hashable {
  package struct Point: Sendable, Hashable {
    /// Since the search began.
    package let seconds: Double
    package let value: Double
  }

  package let reference: [Double]
  /// One point for each time at which the volume grew, in order of time.
  package let points: [Point]

  /// The reference point is the study's own unless one is given.
  package init(_ records: [EvaluationRecord], space: ObjectiveSpace, reference: [Double]? = nil) {
    let reference = reference ?? space.referencePoint
    let finished: [(seconds: Double, key: EvaluationKey, point: [Double])] =
      records
      .filter { $0.key.purpose == .trial && $0.status == .done }
      .compactMap { record in
        guard let seconds = record.finishedAt, let measures = record.result?.measures,
          let point = space.point(of: measures)
        else { return nil }
        return (seconds, record.key, point)
      }
      .sorted { ($0.seconds, $0.key) < ($1.seconds, $1.key) }
    var front: [[Double]] = []
    var points: [Point] = []
    for (seconds, _, point) in finished where zip(point, reference).allSatisfy({ $0 < $1 }) {
      if front.contains(where: { $0 == point || ParetoFront.dominates($0, point) }) { continue }
      front.removeAll { ParetoFront.dominates(point, $0) }
      front.append(point)
      let value = Hypervolume.exact(front, reference: reference)
      if points.last?.seconds == seconds { points.removeLast() }
      points.append(Point(seconds: seconds, value: value))
    }
    self.reference = reference
    self.points = points
  }

  package var final: Double { points.last?.value ?? 0 }

  /// The volume at a time; 0 before the first point.
  package func value(at seconds: Double) -> Double {
    points.last { $0.seconds <= seconds }?.value ?? 0
  }
}
