import Foundation
import Reporting
import StudyModel
import Support
import Testing

/// Which network of a front answers which question, by fronts whose answers are plain.
@Suite struct RecommendationTests {
  /// Trials of accuracies in thousandths, parameters and latencies as ratios, beside a dense network of 900.
  private func report(_ points: [(correct: Int, parameters: Double, latency: Double)]) -> StudyReport {
    let trials = points.enumerated().map { number, point in
      ReportFixture.record(
        Int64(number + 1), 1, ReportFixture.plan(.l1, Double(number) / 100),
        ReportFixture.measures(
          point.correct, parameters: Int(100_000 * point.parameters), latency: 0.002 * point.latency),
        at: Double(number))
    }
    return ReportFixture.report(records: [ReportFixture.records[0]] + trials, networks: true)
  }

  private func answer(_ question: Recommendation.Question, _ report: StudyReport) -> Recommendation? {
    Recommendation.all(report).first { $0.question == question }
  }

  /// 895 is half a point below 900 exactly and counts; 894 does not.
  @Test func limitsAreExact() {
    let report = report([
      (910, 0.9, 0.9), (895, 0.5, 0.8), (894, 0.3, 0.7), (890, 0.2, 0.6), (889, 0.1, 0.5),
    ])
    #expect(answer(.smallest(loss: 0.005), report)?.record?.key.trial == TrialID(2))
    #expect(answer(.fastest(loss: 0.01), report)?.record?.key.trial == TrialID(4))
    #expect(answer(.mostAccurate, report)?.record?.key.trial == TrialID(1))
  }

  @Test func whereNoneIsGoodEnoughTheClosestIsNamed() {
    let report = report([(880, 0.5, 0.5), (870, 0.4, 0.4)])
    let smallest = answer(.smallest(loss: 0.005), report)
    #expect(smallest?.record == nil && smallest?.reason?.contains("trial 1, is 2.00 points below") == true)
    #expect(MorningReport(report).html.contains("trial 1, is 2.00 points below the dense network."))
    #expect(answer(.knee, report) == nil, "two points have no bend between them")
  }

  /// Errors 0, 0.2 and 1 of the front's span against sizes and times 1, 0.2 and 0: the middle one has the least sum.
  @Test func theKneeIsTheFarthestFromTheLineBetweenTheEnds() {
    let bent = report([(900, 0.9, 0.9), (880, 0.26, 0.26), (800, 0.1, 0.1)])
    #expect(answer(.knee, bent)?.record?.key.trial == TrialID(2))
    // On the other side of the line, an end is the better choice.
    let bulging = report([(900, 0.9, 0.9), (820, 0.8, 0.8), (800, 0.1, 0.1)])
    #expect(answer(.knee, bulging)?.record?.key.trial != TrialID(2))
  }

  @Test func whatWasNotMeasuredIsNotAsked() {
    var records = ReportFixture.records
    for index in records.indices { records[index].result?.measures.latency = nil }
    let unmeasured = ReportFixture.report(records: records)
    // Latency is an objective of the fixture, so nothing is on the front.
    #expect(Recommendation.all(unmeasured).isEmpty && Recommendation.all(ReportFixture.report(records: [])).isEmpty)
    #expect(MorningReport(unmeasured).html.contains("No trial is on the front."))
  }

  @Test func theReportLinksWhatItRecommends() {
    let html = MorningReport(ReportFixture.report(sealed: true, networks: true)).html
    let part = html.components(separatedBy: "Which network to take")[1].components(separatedBy: "</section>")[0]
    for words in [
      "Smallest within 0.5 points of dense", "Fastest within 1 point of dense", "Most accurate",
      "href=\"networks/trial-0001-rung-1.onnx\"", "88.50% on the sealed test",
    ] {
      #expect(part.contains(words), "\(words)")
    }
  }
}
