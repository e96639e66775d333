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
    #expect(lines[0] == "Pareto front of 'fashion <& \"night\">': 2 of 4 trials, at rung 1 (1 epochs)")
    #expect(lines[1] == "trial criterion rung accuracy 95% interval parameters MACs size latency sparsity")
    #expect(
      lines[2] == "dense 90.00% 87.98-91.71% 100.0 k 1.000x 1.00 M 1.000x 390.6 KiB 1.000x 2.000 ms 1.000x")
    #expect(
      lines[3]
        == "1 l1 1 89.00% 86.91-90.79% 60.00 k 0.600x 600.0 k 0.600x 234.4 KiB 0.600x 1.500 ms 0.750x conv1 0.25, conv2 0.5"
    )
    #expect(lines[4].hasPrefix("2 taylor 1 88.00%"))
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

  @Test func historyIsInOrderOfTime() {
    let lines = FrontTable.history(ReportFixture.report()).split(separator: "\n").dropFirst()
    #expect(lines.map { $0.split(separator: " ")[0] } == ["1", "3", "2", "1", "2"])
  }

  @Test func emptyStudiesSaySo() {
    #expect(FrontTable.front(ReportFixture.report(records: [])).contains("not been measured"))
    let baseline = Array(ReportFixture.records.prefix(1))
    #expect(FrontTable.front(ReportFixture.report(records: baseline)).contains("No trial is on the front"))
  }
}
