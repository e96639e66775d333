import Foundation
import Reporting
import StudyModel
import Support
import Testing

@Suite struct TableTests {
  @Test func shortRowsEndEarly() {
    var table = TextTable(figures: ["", "before", "after", "ratio"])
    table.add(["size", "10", "5", "0.5"])
    table.add(["accuracy", "0.9", "0.8"])
    #expect(table.text == "          before  after  ratio\nsize          10      5    0.5\naccuracy     0.9    0.8\n")
  }

  @Test func columnsAlign() {
    var table = TextTable([("name", .left), ("n", .right)])
    table.add(["a", "1000"])
    table.add(["long\u{1B}[0m", "2"])
    #expect(table.text == "name         n\na         1000\nlong?[0m     2\n")
  }

  @Test func frontIsAsWorkedOutByHand() {
    let text = FrontTable.front(ReportFixture.report())
    let lines = text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(lines.count == 5)
    #expect(lines[0] == "Pareto front of 'fashion <& \"night\">': 2 of 4 trials, each fine-tuned for 1 epoch (rung 1)")
    #expect(lines[1] == "trial criterion accuracy 95% interval parameters MACs size latency sparsity")
    #expect(
      lines[2] == "dense 90.00% 87.98-91.71% 100.0 k 1.000x 1.00 M 1.000x 390.6 KiB 1.000x 2.000 ms 1.000x")
    #expect(
      lines[3]
        == "1 l1 89.00% 86.91-90.79% 60.00 k 0.600x 600.0 k 0.600x 234.4 KiB 0.600x 1.500 ms 0.750x conv1 0.25, conv2 0.5"
    )
    #expect(lines[4].hasPrefix("2 taylor 88.00%"))
    #expect(!text.contains("sealed"))
    #expect(FrontTable.front(ReportFixture.report(sealed: true)).contains("88.50%"))
  }

  /// Whatever of a recipe is not as usual stands beside its criterion; what is usual does not.
  @Test func recipesAreToldApart() {
    var records = ReportFixture.records
    for index in records.indices where records[index].key.trial == TrialID(1) {
      records[index].plan.criterion = .entropy
      records[index].plan.ranking = Ranking(removal: .high, aggregation: .max, transform: .none)
      records[index].plan.granularity = .nOfM(kept: 2, of: 4)
      records[index].plan.schedule = Schedule(.agp, steps: 4, rewind: 0.5)
      records[index].plan.order = .bottomUp
      records[index].plan.sparseTraining = SparseTraining(.groupLasso)
    }
    let text = FrontTable.front(ReportFixture.report(records: records))
    #expect(text.contains("entropy (high, max), 2:4, agp x4, rewind 0.5, bottom-up, group-lasso before  "))
    #expect(text.contains("taylor  "))
  }

  /// The figures and their heading say the same in every table of a study in which some plans leave zeros.
  @Test func tablesOfStudiesWithZerosCountWhatIsNotZero() throws {
    var records = ReportFixture.records
    for index in records.indices where records[index].key.trial == TrialID(1) {
      records[index].plan.granularity = .nOfM(kept: 2, of: 4)
      records[index].result?.measures.parameters = 100_000
      records[index].result?.measures.nonzeroParameters = 51_000
    }
    let report = ReportFixture.report(records: records, granularities: [.channel, .nOfM(kept: 2, of: 4)])
    for text in [FrontTable.front(report), FrontTable.history(report), MorningReport(report).html] {
      #expect(text.contains("non-zero parameters"))
      #expect(text.contains("51.00 k") && text.contains("0.510x"))
    }
    #expect(MorningReport(report).html.contains("100.0 k non-zero parameters"))
    let json = String(decoding: try EvaluationJSON.history(report), as: UTF8.self)
    #expect(json.contains("51000") && json.contains("0.51"))
    #expect(!FrontTable.front(ReportFixture.report()).contains("non-zero"))
  }

  @Test func trialsOfOneNetworkAreToldAndWhichEngineMadeWhat() throws {
    let network = Digest(of: Data("network".utf8))
    let first = EngineIdentity(sources: network, libtorch: "2.13.0, build 1", instructionSet: "x86_64 AVX512")
    var second = first
    second.instructionSet = "x86_64 AVX2"
    var records = ReportFixture.records
    for index in records.indices where records[index].result != nil {
      let isThird = records[index].key.trial == TrialID(3)
      records[index].result?.engine = (isThird ? second : first).digest
      records[index].result?.threads = 1
      guard records[index].key.rung == 0, [1, 3].contains(records[index].key.trial.value) else { continue }
      records[index].result?.network = network
      if isThird { records[index].result?.copyOf = TrialID(1) }
    }
    let plain = ReportFixture.report(records: records)
    let report = StudyReport(
      spec: plain.spec, records: records, elapsed: 15, engines: [first, second])
    #expect(
      FrontTable.front(report).contains(
        "2 of 4 trials, each fine-tuned for 1 epoch (rung 1); 1 had another's network\n"))
    #expect(FrontTable.history(report).contains("fpgm, same network as trial 1  "))
    #expect(!FrontTable.history(ReportFixture.report()).contains("same network"))
    let html = MorningReportTests.plain(MorningReport(report).html)
    #expect(html.contains("which was measured and trained once: 1."))
    let rows = [
      "<td>\(first.digest.short)</td><td>\(network.short)</td><td>2.13.0, build 1</td><td>x86_64 AVX512</td>"
        + "<td class=\"n\">1</td><td class=\"n\">5</td><td>1, 2</td>",
      "<td>\(second.digest.short)</td><td>\(network.short)</td><td>2.13.0, build 1</td><td>x86_64 AVX2</td>"
        + "<td class=\"n\">1</td><td class=\"n\">1</td><td></td>",
    ]
    for row in rows { #expect(html.contains(row), "\(row)") }
    #expect(html.contains("2 different engines made the figures") && !html.contains(" threads; figures of"))
    let unnamed = MorningReportTests.plain(MorningReport(ReportFixture.report()).html)
    #expect(unnamed.contains("<td>not recorded</td>"))
    let json = try EvaluationJSONTests.objects(EvaluationJSON.history(report))
    #expect(json.map { $0["same_network_as"] as? Int } == [nil, 1, nil, nil, nil])
    #expect(json.map { $0["copy_of"] as? Int } == [nil, 1, nil, nil, nil])
    #expect(json.map { $0["engine"] as? String }.first == first.digest.hex && json[0]["threads"] as? Int == 1)
  }

  @Test func historyIsInOrderOfTime() {
    let lines = FrontTable.history(ReportFixture.report()).split(separator: "\n").dropFirst()
    #expect(lines.map { $0.split(separator: " ")[0] } == ["1", "3", "2", "1", "2"])
  }

  @Test func scansStandInTheHistoryAndNowhereElse() throws {
    let report = ReportFixture.report(records: ReportFixture.records + ReportFixture.scans, sealed: true)
    let lines = FrontTable.history(report).split(separator: "\n").dropFirst()
      .map { $0.split(separator: " ").joined(separator: " ") }
    #expect(lines.map { $0.split(separator: " ")[0] } == ["scan", "scan", "1", "3", "2", "1", "2"])
    #expect(
      lines[0] == "scan 40.00% 37.01-43.07% - 90.00 k 0.900x 900.0 k 0.900x 351.6 KiB 0.900x - - conv1 0.5")
    let plain = ReportFixture.report(sealed: true)
    #expect(FrontTable.front(report) == FrontTable.front(plain) && report.history == plain.history)
    #expect(report.allWarnings.count == plain.allWarnings.count + 1)
    #expect(report.allWarnings.contains { $0.contains("1 of 3 groups") })
  }

  /// A search that had ended and went on: the sealed figures of a rung that a trial has left are not those of its network now.
  @Test func sealedFiguresBelongToTheirRung() {
    let records = ReportFixture.records
    #expect(ReportFixture.report(records: records, sealed: true).sealed.keys.sorted() == [TrialID(1), TrialID(2)])
    let later = ReportFixture.record(
      1, 2, records[1].plan, ReportFixture.measures(895, parameters: 60_000, latency: 0.0015), at: 30)
    #expect(ReportFixture.report(records: records + [later], sealed: true).sealed.keys.sorted() == [TrialID(2)])
  }

  @Test func prunedNetworksThatBeatTheDenseOneByPointsAreAWarning() throws {
    let plain = ReportFixture.report()
    #expect(plain.scalingDoubt == nil)
    // At a rung that the front has left behind, too.
    let better = ReportFixture.record(
      3, 0, ReportFixture.plan(.fpgm, 0.9), ReportFixture.measures(983, parameters: 10_000, latency: 0.0008), at: 4)
    let report = ReportFixture.report(records: ReportFixture.records.filter { $0.key != better.key } + [better])
    let doubt = try #require(report.scalingDoubt)
    #expect(doubt.contains("98.30%") && doubt.contains("90.00%") && doubt.contains("input"))
    #expect(report.allWarnings.contains(doubt))
    #expect(MorningReport(report).html.contains("Most likely the input scaling"))
  }

  @Test func emptyStudiesSaySo() {
    #expect(FrontTable.front(ReportFixture.report(records: [])).contains("not been measured"))
    let baseline = Array(ReportFixture.records.prefix(1))
    #expect(FrontTable.front(ReportFixture.report(records: baseline)).contains("No trial is on the front"))
  }
}
