import Foundation
import Reporting
import StudyModel
import Support
import Testing

/// That the report's drawings can be read: axes that fit the front, marks that differ, bars as long as what stays.
@Suite struct ReportPlotTests {
  /// The heights of the front's marks in the first plot, in the order in which they are drawn, of 340.
  private func heights(_ report: StudyReport) -> [Double] {
    let html = MorningReport(report).html
    let figure = html.components(separatedBy: "<figure>")[1].components(separatedBy: "</figure>")[0]
    return figure.matches(of: /class="mark front[^"]*" d="M([-0-9.]+) ([-0-9.]+)/).compactMap { Double($0.output.2) }
  }

  private func report(_ correct: [Int]) -> StudyReport {
    let trials = correct.enumerated().map { number, correct in
      ReportFixture.record(
        Int64(number + 1), 1, ReportFixture.plan(.l1, Double(number) / 100),
        ReportFixture.measures(correct, parameters: 60_000 - 5000 * number, latency: 0.001 - 0.00005 * Double(number)),
        at: Double(number))
    }
    // At rung 0 everything is near chance, as a first cut leaves it.
    let first = correct.indices.map { number in
      ReportFixture.record(
        Int64(number + 1), 0, ReportFixture.plan(.l1, Double(number) / 100),
        ReportFixture.measures(100 + number, parameters: 60_000 - 5000 * number, latency: 0.001), at: 0)
    }
    return ReportFixture.report(records: [ReportFixture.records[0]] + first + trials)
  }

  /// A front of one point of accuracy, beside trials near chance, takes most of the height.
  @Test func axesFitTheFront() {
    let report = report([899, 896, 893, 890])
    let heights = heights(report)
    #expect(heights.count == 4)
    #expect((heights.max() ?? 0) - (heights.min() ?? 0) > 200, "\(heights)")
    #expect(heights.allSatisfy { (14...290).contains($0) })
    #expect(MorningReport(report).html.contains("4 evaluations lie outside these axes."))
  }

  /// One network on the front that guesses does not press the others onto a line.
  @Test func aGuessDoesNotSpoilTheAxes() {
    let heights = heights(report([899, 896, 893, 100]))
    #expect(heights.count == 3)
    #expect((heights.max() ?? 0) - (heights.min() ?? 0) > 150, "\(heights)")
    // Where the whole front is far below the dense network, all of it is shown.
    #expect(self.heights(report([600, 500])).count == 2)
  }

  @Test func everyCriterionHasItsOwnColourAndShape() throws {
    let criteria: [Criterion] = [.l1, .taylor, .fpgm, .random, .entropy, .snip, .lamp, .obd]
    let records = criteria.enumerated().map { number, criterion in
      ReportFixture.record(
        Int64(number + 1), 1, ReportFixture.plan(criterion, 0.5),
        ReportFixture.measures(890 - number, parameters: 60_000 - 5000 * number, latency: 0.001), at: Double(number))
    }
    let html = MorningReport(ReportFixture.report(records: [ReportFixture.records[0]] + records)).html
    let legend = html.components(separatedBy: "<ul class=\"legend\">")[1].components(separatedBy: "</ul>")[0]
    let items = legend.components(separatedBy: "<li>").dropFirst()
    #expect(items.count == criteria.count)
    for criterion in criteria { #expect(legend.contains("</svg> \(criterion.rawValue)</li>")) }
    let colours = items.compactMap { $0.firstMatch(of: /front (c[0-9])"/)?.output.1 }
    let shapes = items.compactMap { $0.firstMatch(of: #/ d="([^"]*)"/#)?.output.1 }
    #expect(Set(colours).count == criteria.count && Set(shapes).count == criteria.count)
    // The marks of a criterion look the same in the plots: the class stands there too.
    for colour in colours { #expect(html.contains("class=\"mark front \(colour)\"")) }
  }

  /// Three to one against the page, by WCAG's formula, in the light and in the dark.
  @Test func coloursStandOutFromThePage() {
    func light(_ colour: String) -> Double {
      let channels = [1, 3, 5].map { start -> Double in
        let digits = colour.dropFirst(start).prefix(2)
        let share = Double(Int(digits, radix: 16) ?? 0) / 255
        return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
      }
      return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    }
    func contrast(_ one: String, _ other: String) -> Double {
      let (a, b) = (light(one), light(other))
      return (max(a, b) + 0.05) / (min(a, b) + 0.05)
    }
    let html = MorningReport(ReportFixture.report()).html
    for (colours, paper) in [(CriterionMarks.lightColours, "#ffffff"), (CriterionMarks.darkColours, "#16191c")] {
      #expect(Set(colours).count == 8 && html.contains("--paper: \(paper)"))
      for colour in colours {
        #expect(contrast(colour, paper) >= 3, "\(colour) on \(paper)")
        #expect(html.contains(": \(colour);"))
      }
    }
  }

  @Test func barsAreAsLongAsWhatStays() throws {
    let html = MorningReport(ReportFixture.report()).html
    let part = html.components(separatedBy: "Channels that stay")[1].components(separatedBy: "</section>")[0]
    #expect(part.components(separatedBy: "<details").count == 3, "one for each network of the front")
    #expect(part.contains("Trial 1, l1: kept 36 of 64"))
    let bars = part.matches(of: /class="name">([^<]*)<.*?width:([0-9.]+)%.*?class="count">([^<]*)</)
      .prefix(3).map { "\($0.output.1) \($0.output.2) \($0.output.3)" }
    #expect(bars == ["conv1 75.0 12 of 16", "conv2 50.0 16 of 32", "conv10 50.0 8 of 16"])
    var records = ReportFixture.records
    for index in records.indices { records[index].result?.keptUnits = [:] }
    #expect(
      MorningReport(ReportFixture.report(records: records)).html.contains("No network of the front has fewer channels"))
  }
}
