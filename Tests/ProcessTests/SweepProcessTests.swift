import Foundation
import TestSupport
import Testing

/// A grid of three criteria by three sparsities, and a list of plans: each is stopped, killed, resumed and reported, and every plan
/// is run to the last rung once.
@Suite(.serialized, .tags(.processes), .twoAtOnce) struct SweepProcessTests {
  enum Sweep: String, CaseIterable {
    case grid, list

    var plans: Int { self == .grid ? 9 : 5 }

    var lines: String {
      switch self {
      case .grid: "sampler: grid\nspace: {criterion: [l1, l2, random], sparsity: [0.3, 0.5, 0.7]}"
      case .list:
        """
        space: {scope: global}
        plans:
          - {criterion: l1, sparsity: 0.3}
          - {criterion: l2, sparsity: 0.5, scope: local}
          - {criterion: taylor, sparsity: 0.7}
          - {criterion: random, sparsity: 0.7}
          - {criterion: l1, granularity: element, sparsity: 0.8}
        """
      }
    }
  }

  /// The small study's spec with a sweep in the place of its search.
  private func study(_ sweep: Sweep) throws -> SmallStudy {
    let study = try SmallStudy(trials: 1)
    let base = try SmallStudy.trained.get()
    try """
    coppice: 1
    study: small
    network: \(base.file("base.onnx").path)
    data: {format: idx, path: \(base.url.path)}
    split: {train: 1000, validation: 200, seed: 0, seen-training: false}
    objectives: [accuracy, parameters]
    fine-tune: {rungs: [0, 0.25], samples-per-epoch: 512, batch-size: 64}
    seed: 5
    \(sweep.lines)
    """.write(toFile: study.spec, atomically: true, encoding: .utf8)
    return study
  }

  @Test(arguments: Sweep.allCases) func aSweepIsStoppedResumedAndReported(sweep: Sweep) throws {
    let study = try study(sweep)
    var before: Set<SmallStudy.HistoryEntry> = []
    for (signal, results) in [(SIGINT, 2), (SIGKILL, sweep.plans)] {
      let search = try study.start(before.isEmpty ? [] : ["--resume"])
      defer { if search.isRunning { kill(search.processIdentifier, SIGKILL) } }
      let seen: Void? = eventually(within: 120, every: 0.05) {
        ((try? study.history().count) ?? 0) >= results ? () : nil
      }
      #expect(seen != nil, "no \(results) results\n\(study.logs)")
      let children = ProcessTree.descendants(of: search.processIdentifier)
      kill(search.processIdentifier, signal)
      search.waitUntilExit()
      if signal == SIGINT { #expect(search.terminationStatus == 130, "\(study.logs)") }
      let gone: Void? = eventually(within: 60) { children.contains { ProcessTree.isAlive($0.pid) } ? nil : () }
      #expect(gone != nil, "orphans")
      let now = Set(try study.history())
      #expect(before.isSubset(of: now), "a result that was there before the \(signal) is gone or changed")
      before = now
    }
    let last = try study.start(["--resume"])
    last.waitUntilExit()
    #expect(last.terminationStatus == 0, "\(study.logs)")
    let after = try study.history()
    #expect(before.isSubset(of: Set(after)))
    for rung in 0...1 {
      let here = after.filter { $0.rung == rung }
      #expect(here.map(\.trial).sorted() == Array(1...sweep.plans), "rung \(rung)")
      #expect(Set(here.map(\.planID)).count == sweep.plans)
    }
    let words = "The search ended: all \(sweep.plans) plans of the \(sweep.rawValue) are done."
    #expect(try coppice("front", study.output, in: study.folder.url).output.contains(words), "\(study.logs)")
    #expect(try coppice("report", study.output, in: study.folder.url).status == 0)
    let report = try String(contentsOfFile: study.output + "/report.html", encoding: .utf8)
    #expect(report.contains(words) && report.contains("sampler: \(sweep.rawValue)"))
    // The folder's own spec is the same sweep.
    let again = try coppice(
      "search", study.output + "/spec.yaml", "--output", study.output, "--resume", in: study.folder.url)
    #expect(again.status == 0 && again.output.contains(words), "\(again.errors)")
  }

  /// A study that its budget had ended goes on with a larger one; the report says that its sealed split was open before.
  @Test func aFinishedStudyGoesOnWithALargerBudget() throws {
    let study = try SmallStudy(trials: 2)
    let first = try study.start()
    first.waitUntilExit()
    #expect(first.terminationStatus == 0, "\(study.logs)")
    let before = Set(try study.history())
    try String(contentsOfFile: study.spec, encoding: .utf8).replacingOccurrences(of: "trials: 2", with: "trials: 4")
      .write(toFile: study.spec, atomically: true, encoding: .utf8)
    let outcome = try coppice(
      "search", study.spec, "--output", study.output, "--resume", "--workers", "1", in: study.folder.url)
    #expect(outcome.status == 0 && outcome.errors.contains("goes on with the new budget"), "\(outcome.errors)")
    let after = Set(try study.history())
    #expect(before.isSubset(of: after) && Set(after.map(\.trial)) == [1, 2, 3, 4])
    let report = try String(contentsOfFile: study.output + "/report.html", encoding: .utf8)
    #expect(
      report.contains("went on with a larger budget at 2 trials, after its front was measured on the sealed split"))
  }
}
