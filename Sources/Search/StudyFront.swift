import StudyModel

/// The non-dominated feasible trials at the highest rung that any trial has finished, each network once; the baseline is never
/// among them.
package struct StudyFront: Sendable {
  /// The rung that labels the front; nil when no trial has finished.
  package let rung: Int?
  /// Best accuracy first, then by trial.
  package let records: [EvaluationRecord]

  /// The name of the ONNX file that the search writes for a network of its front: "trial-0012-rung-2.onnx".
  package static func fileName(of key: EvaluationKey) -> String {
    let digits = "\(key.trial)"
    return "trial-\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)-rung-\(key.rung).onnx"
  }

  package init(_ records: [EvaluationRecord], space: ObjectiveSpace) {
    let finished = records.filter { $0.key.purpose == .trial && $0.status == .done }
    let rung = finished.map(\.key.rung).max()
    self.rung = rung
    let twins = NetworkTwins(records)
    let candidates: [(record: EvaluationRecord, point: [Double])] =
      finished
      .filter { $0.key.rung == rung && twins.original(of: $0.key.trial) == nil }
      .compactMap { record in
        guard let measures = record.result?.measures, space.isFeasible(measures),
          let point = space.point(of: measures)
        else { return nil }
        return (record, point)
      }
    self.records = ParetoFront.indices(candidates.map(\.point)).map { candidates[$0].record }.sorted { left, right in
      let (a, b) = (left.result?.measures.accuracy.share ?? 0, right.result?.measures.accuracy.share ?? 0)
      return a == b ? left.key < right.key : a > b
    }
  }
}
