import Search
import StudyModel

/// What the report draws.
extension MorningReport {
  var scatterPlots: String {
    let plots = [Objective.parameters, .latency].compactMap(scatter)
    return plots.isEmpty ? "<p>Nothing has been measured.</p>\n" : plots.joined() + marks.legend
  }

  /// Nil where nothing has the measure.
  private func scatter(_ objective: Objective) -> String? {
    guard let space = report.objectives else { return nil }
    let front = report.front?.records ?? []
    let onFront = Set(front.map(\.key))
    let name = Figure.name(objective, in: space)
    var plot = Plot(
      title:
        "Validation accuracy against \(name). The front is filled, with its trials' numbers; other evaluations are "
        + "hollow, and the dense network is the ring.",
      xLabel: "\(name), ratio to dense", yLabel: "accuracy, %")
    plot.leastSpan = (x: 0.05, y: 0.5)
    // What matters more is drawn later, on top.
    let others = report.history.filter { !onFront.contains($0.key) }
    for record in others + (report.baseline.map { [$0] } ?? []) + front.reversed() {
      guard let point = point(record, objective, space), let measures = record.result?.measures else { continue }
      let isDense = record.key.purpose == .baseline
      let isFront = onFront.contains(record.key)
      let place =
        isDense ? "dense" : "trial \(record.key.trial), \(record.plan.criterion.rawValue), rung \(record.key.rung)"
      let criterion = record.plan.criterion
      plot.marks.append(
        Plot.Mark(
          x: point.x, y: point.y, style: isDense ? "dense" : "\(isFront ? "front" : "other") \(marks.style(criterion))",
          shape: isDense ? .circle : marks.shape(criterion), radius: isDense ? 7 : isFront ? 6 : 4,
          title: "\(place): \(Figure.accuracy(measures.accuracy)), \(Figure.ratio(point.x))",
          label: isFront && front.count <= 16 ? "\(record.key.trial)" : ""))
    }
    guard !plot.marks.isEmpty else { return nil }
    let points = front.compactMap { point($0, objective, space) }
    if !points.isEmpty {
      let dense = report.baseline.flatMap { point($0, objective, space) }
      plot.fitted = Self.shown(points, dense: dense) + (dense.map { [$0] } ?? [])
      plot.lineStyle = "border"
      plot.line = Self.staircase(Self.shown(points, dense: dense))
    }
    return plot.svg
  }

  /// The ratio and the accuracy in percent.
  private func point(_ record: EvaluationRecord, _ objective: Objective, _ space: ObjectiveSpace) -> (
    x: Double, y: Double
  )? {
    guard let measures = record.result?.measures, let ratio = space.ratio(objective, of: measures), ratio.isFinite
    else {
      return nil
    }
    return (ratio, measures.accuracy.share * 100)
  }

  /// The points that the axes must show: all of the front, but where most of it lies within ten points of the dense network, only
  /// those. A front without constraints ends at networks that guess, and an axis down to them would press the rest onto a line.
  static func shown(_ front: [(x: Double, y: Double)], dense: (x: Double, y: Double)?) -> [(x: Double, y: Double)] {
    guard let dense else { return front }
    let near = front.filter { $0.y >= dense.y - 10 }
    return near.count >= 2 && near.count * 2 >= front.count ? near : front
  }

  /// The border of what the points reach: from the cheapest on, each step goes right and then up to a more accurate one.
  static func staircase(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    var line: [(x: Double, y: Double)] = []
    for point in points.sorted(by: { ($0.x, -$0.y) < ($1.x, -$1.y) }) {
      guard let last = line.last else {
        line = [point]
        continue
      }
      if point.y > last.y { line += [(point.x, last.y), point] }
    }
    return line
  }

  var curvePlot: String {
    guard let space = report.objectives else { return "<p>Nothing has been measured.</p>\n" }
    let curve = HypervolumeCurve(report.records, space: space)
    let reference = zip(report.spec.objectives, curve.reference)
      .map { "\($0 == .accuracy ? "error" : Figure.name($0, in: space)) \(Figure.plain($1))" }.joined(separator: ", ")
    let note =
      "All finished evaluations count, at every rung. Reference point: \(reference). Final value: "
      + "\(Figure.plain(curve.final))."
    var plot = Plot(title: "Hypervolume over time", xLabel: "seconds", yLabel: "hypervolume")
    plot.includesZero = true
    var value = 0.0
    plot.line = [(0, 0)]
    for point in curve.points {
      plot.line += [(point.seconds, value), (point.seconds, point.value)]
      value = point.value
    }
    plot.line.append((max(report.elapsed, plot.line.last?.x ?? 0), value))
    return "<p>\(HTMLText.escaped(note))</p>\n" + plot.svg
  }
}
