import Foundation
import Reporting
import StudyModel
import Testing

@Suite struct EvaluationJSONTests {
  static func objects(_ data: Data) throws -> [[String: Any]] {
    try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
  }

  @Test func historyHoldsAnObjectForEachFinishedEvaluation() throws {
    let rows = try Self.objects(EvaluationJSON.history(ReportFixture.report(sealed: true)))
    #expect(rows.map { $0["trial"] as? Int } == [1, 3, 2, 1, 2])
    #expect(rows.map { $0["rung"] as? Int } == [0, 0, 0, 1, 1])
    #expect(rows.map { $0["seconds"] as? Double } == [3, 4, 5, 9.5, 12])
    let row = rows[3]
    #expect(row["accuracy"] as? Double == 0.89)
    #expect(row["status"] as? String == "done")
    #expect(row["worker"] as? String == "host-1")
    let expected: [(String, Double, Double)] = [
      ("parameters", 60_000, 0.6), ("macs", 600_000, 0.6), ("size", 240_000, 0.6), ("latency", 0.0015, 0.75),
    ]
    for (name, value, ratio) in expected {
      let measure = try #require(row[name] as? [String: Double])
      #expect(abs((measure["value"] ?? -1) - value) < 1e-9 && abs((measure["ratio"] ?? -1) - ratio) < 1e-9)
      #expect(measure.count == 2)
    }
    let plan = try #require(row["plan"] as? [String: Any])
    #expect(plan["criterion"] as? String == "l1")
    #expect(((plan["sparsity"] as? [String: Any])?["shares"] as? [String: Double]) == ["conv1": 0.25, "conv2": 0.5])
    #expect(row["sealed_accuracy"] as? Double == 0.885)
  }

  @Test func scansSayWhatWasCut() throws {
    let report = ReportFixture.report(records: ReportFixture.records + ReportFixture.scans, sealed: true)
    let rows = try Self.objects(EvaluationJSON.history(report))
    #expect(rows.map { $0["purpose"] as? String } == ["scan", "scan"] + Array(repeating: "trial", count: 5))
    let scan = try #require(rows[1]["scan"] as? [String: Any])
    #expect(scan["group"] as? String == "conv2" && scan["ratio"] as? Double == 0.5)
    #expect(rows[1]["accuracy"] as? Double == 0.8 && rows[1]["sealed_accuracy"] == nil)
    #expect(try Self.objects(EvaluationJSON.front(report)).count == 2)
  }

  @Test func frontHoldsTheFront() throws {
    let rows = try Self.objects(EvaluationJSON.front(ReportFixture.report()))
    #expect(rows.map { $0["trial"] as? Int } == [1, 2])
    #expect(rows.allSatisfy { $0["front"] as? Bool == true && $0["feasible"] as? Bool == true })
    #expect(rows.allSatisfy { $0["sealed_accuracy"] == nil })
  }

  @Test func missingLatencyIsNull() throws {
    var records = ReportFixture.records
    records[1].result?.measures.latency = nil
    let row = try #require(try Self.objects(EvaluationJSON.history(ReportFixture.report(records: records))).first)
    #expect(row["latency"] is NSNull)
  }

  @Test func unmeasuredStudiesAreEmptyArrays() throws {
    #expect(try Self.objects(EvaluationJSON.history(ReportFixture.report(records: []))).isEmpty)
    #expect(try Self.objects(EvaluationJSON.front(ReportFixture.report(records: []))).isEmpty)
  }

  @Test func damagedRowsStandBehindTheRest() throws {
    let whole = ReportFixture.report()
    let report = StudyReport(
      spec: whole.spec, records: whole.records, elapsed: whole.elapsed,
      damage: [.init(table: "results", row: 4, trial: TrialID(2), rung: 1, reason: "is <b>broken</b>")])
    for (json, count) in [(try EvaluationJSON.history(report), 5), (try EvaluationJSON.front(report), 2)] {
      let rows = try Self.objects(json)
      #expect(rows.count == count + 1)
      let last = try #require(rows.last)
      #expect(last["status"] as? String == "damaged" && last["table"] as? String == "results")
      #expect(last["row"] as? Int == 4 && last["trial"] as? Int == 2 && last["rung"] as? Int == 1)
    }
    let html = MorningReport(report).html
    #expect(html.contains("1 rows are left out") && html.contains("&lt;b&gt;broken"))
  }

  @Test func sameStudySameBytes() throws {
    let shuffled = ReportFixture.report(records: ReportFixture.records.reversed())
    #expect(try EvaluationJSON.history(shuffled) == EvaluationJSON.history(ReportFixture.report()))
  }
}
