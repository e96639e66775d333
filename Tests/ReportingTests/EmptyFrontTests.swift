import Foundation
import Reporting
import StudyModel
import Testing

/// A front that is empty says which constraint kept it so, by how much, and what would have been on it.
@Suite struct EmptyFrontTests {
  private func front(_ constraints: [String], records: [EvaluationRecord] = ReportFixture.records) throws -> (
    text: String, report: StudyReport
  ) {
    let parsed = try constraints.map { try ConstraintGrammar.parse($0) }
    let report = ReportFixture.report(records: records, constraints: parsed)
    return (FrontTable.front(report), report)
  }

  @Test func eachConstraintIsNamedWithTheNearestValue() throws {
    let (text, report) = try front(["accuracy >= baseline + 0.05", "parameters <= 0.1 baseline", "macs <= baseline"])
    let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    #expect(
      lines == [
        "No trial is on the front: 2 trials were fine-tuned for 1 epoch (rung 1), and none keeps every constraint.",
        "accuracy >= baseline + 0.05 (here >= 95.00%): 2 of 2 trials break it; the nearest has 89.00% (trial 1), which "
          + "\"accuracy >= baseline - 0.01\" would admit.",
        "parameters <= 0.1 baseline (here <= 10.00 k): 2 of 2 trials break it; the nearest has 20.00 k (trial 2), which "
          + "\"parameters <= 0.2 baseline\" would admit.",
        "macs <= baseline: all keep it.",
        "Nearest to all of them: trial 2 with accuracy 88.00%, MACs 200.0 k, parameters 20.00 k.",
      ])
    #expect(report.allWarnings.contains { $0.contains("2 of 2 trials break it") && $0.contains("would admit") })
    // What is said to admit a trial does.
    let admitted = try front(["accuracy >= baseline - 0.01"]).report
    #expect(admitted.front?.records.map(\.key.trial) == [TrialID(1)])
    #expect(try front(["parameters <= 0.2 baseline"]).report.front?.records.map(\.key.trial) == [TrialID(2)])
  }

  @Test func constraintsThatOnlyTogetherKeepAllAwaySaySo() throws {
    let (text, _) = try front(["accuracy >= baseline - 0.01", "parameters <= 0.3 baseline"])
    #expect(text.contains("accuracy >= baseline - 0.01 (here >= 89.00%): 1 of 2 trials break it"), "\(text)")
    #expect(text.contains("parameters <= 0.3 baseline (here <= 30.00 k): 1 of 2 trials break it"), "\(text)")
    #expect(!text.contains("would admit") && text.contains("Nearest to all of them: trial 2"), "\(text)")
  }

  @Test func boundsInUnitsOfTheirOwnAreMovedInTheirForm() throws {
    let (text, _) = try front(["latency <= 0.5 ms", "size >= 1 MB"])
    #expect(text.contains("the nearest has 1.000 ms (trial 2), which \"latency <= 0.001\" would admit"), "\(text)")
    #expect(text.contains("(trial 1), which \"size >= 240000.0\" would admit"), "\(text)")
  }

  @Test func earlierRungsAndFailuresAreTold() throws {
    var records = ReportFixture.records
    // Trial 3 keeps the bound at rung 0 and has not gone on.
    #expect(try front(["parameters <= 0.1 baseline"]).text.contains("1 trial kept them at an earlier rung."))
    records = [records[0], records[6]]
    let (text, _) = try front([], records: records)
    #expect(text.contains("none of 1 has finished, and 1 failed; the last so: killed by signal 9"), "\(text)")
    #expect(try front([], records: [records[0]]).text.contains("No trial is on the front yet"))
  }
}
