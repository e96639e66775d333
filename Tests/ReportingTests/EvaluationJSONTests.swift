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

  /// What is printed beside a ratio is that ratio times the dense network's time, whatever a stopwatch read at another moment.
  @Test func timesAgreeWithRatiosEverywhere() throws {
    var records = ReportFixture.records
    for index in records.indices where records[index].key.trial == TrialID(1) {
      // 693.7 us at 0.937x beside a dense network of 584.7 us, as a user saw it.
      records[index].result?.measures.latency?.seconds = 693.7e-6
      records[index].result?.measures.latency?.denseSeconds = 740.3e-6
      records[index].result?.measures.latency?.ratio = 0.937
    }
    records[0].result?.measures.latency?.seconds = 584.7e-6
    records[0].result?.measures.latency?.denseSeconds = 584.7e-6
    let report = ReportFixture.report(records: records)
    for text in [FrontTable.front(report), FrontTable.history(report), MorningReport(report).html] {
      #expect(text.contains("547.9 us") && text.contains("0.937x") && !text.contains("693.7"))
    }
    #expect(FrontTable.front(report, width: 60).contains("547.9us 0.937x"))
    let latency = try #require(try Self.objects(EvaluationJSON.front(report)).first?["latency"] as? [String: Double])
    #expect(latency["ratio"] == 0.937 && abs((latency["value"] ?? 0) - 0.937 * 584.7e-6) < 1e-12)
    let rows = FrontCSV(FrontRows(report, .front), columns: [.latency]).text.split(separator: "\n")
      .map { $0.split(separator: ",").compactMap { Double($0) } }
    #expect(rows.count == 4 && rows[1][0] == 584.7e-6 && abs(rows[2][0] - rows[2][1] * rows[1][0]) < 1e-12)
  }

  @Test func filesOfNetworksAreNamed() throws {
    let rows = try Self.objects(EvaluationJSON.history(ReportFixture.report(networks: true)))
    #expect(
      rows.map { $0["network_file"] as? String } == [nil, nil, nil, "trial-0001-rung-1.onnx", "trial-0002-rung-1.onnx"])
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
