import SpecYAML
import StudyModel
import Support
import Testing

/// Lists of shares, grids and lists of plans, from the text to the spec and back.
@Suite struct SweepReadingTests {
  static let base = "network: n.onnx\ndata: fashion-mnist\nobjectives: [accuracy, parameters]\n"

  private func read(_ lines: String) throws -> StudySpec { try readSpec(Self.base + lines) }

  @Test(arguments: [
    ("[0.3, 0.7, 0.5]", [0.3, 0.7, 0.5]), ("0.5", [0.5]), ("{share: 0.25}", [0.25]),
    ("{share: [0, 0.123456]}", [0, 0.123456]),
  ]) func sharesAreAListOrOne(text: String, shares: [Double]) throws {
    let space = try read("space: {sparsity: \(text)}").space
    #expect(space.shares == shares)
    #expect(space.minimumSparsity == shares.min() && space.maximumSparsity == shares.max())
    #expect(space.scope == .perGroup, "only a sweep has one share for all")
  }

  @Test func sharesHaveATargetLikeRanges() throws {
    let space = try read("space: {scope: global, sparsity: {share: [0.3, 0.5], target: macs}}").space
    #expect(space.shares == [0.3, 0.5] && space.measure == .macs)
    #expect(try read("space: {sparsity: {min: 0.1, share: none}}").space.shares == nil)
  }

  @Test func aGridHasAnEndOfItsOwnAndRunsEveryPlanInFull() throws {
    let spec = try read("space: {criterion: [l1, l2], sparsity: [0.3, 0.5]}\nsampler: grid")
    #expect(spec.budget == Budget() && spec.promotion == .all && spec.space.scope == .local)
    let other = try read("space: {sparsity: 0.5, scope: global}\nsampler: grid\nbudget: {trials: 5}")
    #expect(other.budget == Budget(trials: 5) && other.space.scope == .global)
    #expect(try read("sampler: grid\nspace: {sparsity: 0.5}\nfine-tune: {promote: third}").promotion == .third)
    #expect(try read("fine-tune: {promote: all}").promotion == .all)
    for text in [
      "space: {criterion: l1, granularity: 2:4}", "space: {sparsity: {min: 0.5, max: 0.5}}",
      "space: {sparsity: {threshold: [0.1, 0.2]}}",
    ] {
      #expect(try read("sampler: grid\n" + text).sampler == .grid)
    }
  }

  /// What is usual is not written down, so that specs of before keep their bytes.
  @Test func newKeysLeaveOlderSpecsAsTheyWere() throws {
    let plain = try read("")
    for lines in [
      "", "fine-tune: {promote: third}", "plans: none", "space: {sparsity: {min: 0, max: 0.95, share: none}}",
    ] {
      let spec = try read(lines)
      #expect(spec == plain)
      let text = String(decoding: try CanonicalBytes.encode(spec), as: UTF8.self)
      for key in ["\"shares\"", "\"plans\"", "\"promotion\""] { #expect(!text.contains(key), "\(key)") }
      #expect(try CanonicalBytes.decode(StudySpec.self, from: CanonicalBytes.encode(spec)) == spec)
    }
  }

  @Test func plansTakeFromTheSpaceWhatTheyDoNotSay() throws {
    let spec = try read(
      """
      space: {scope: global, round-to: 4, sparsity: 0.5, criterion: l1}
      plans:
        - {criterion: taylor, sparsity: 0.3}
        - {sparsity: {share: 0.6, target: macs}}
        - {round-to: 1, schedule: {kind: agp, steps: 4}}
      """)
    #expect(spec.sampler == .list && spec.budget == Budget() && spec.promotion == .all)
    let plans = try #require(spec.plans)
    #expect(plans.map(\.criteria) == [[.taylor], [.l1], [.l1]])
    #expect(plans.map(\.shares) == [[0.3], [0.6], [0.5]])
    #expect(plans.map(\.roundTo) == [4, 4, 1] && plans.allSatisfy { $0.scope == .global })
    #expect(plans.map(\.measure) == [.units, .macs, .units])
    #expect(plans[2].schedules.map(\.kind) == [.agp])
    #expect(spec.criteria == [.taylor, .l1] && spec.granularities == [.channel])
    let alone = try read("plans: [{criterion: l1, sparsity: 0.5}]")
    #expect(alone.plans?.first?.scope == .local)
  }

  /// Each is a plan of its own kind, and what is usual for one need not be for the other.
  @Test func plansOfDifferentKindsAreReadBackEqual() throws {
    let spec = try read(
      """
      plans:
        - {criterion: l1, sparsity: 0.5}
        - {criterion: [{name: entropy, remove: high}], sparsity: 0.5, scope: global, normalization: lamp}
        - {criterion: l1, granularity: element, scope: global, sparsity: {share: 0.9, target: parameters}}
        - {criterion: l2, granularity: "2:4"}
        - {criterion: l1, scope: global, sparsity: {threshold: 0.01}}
        - {criterion: l1, sparsity: 0.5, layers: {exclude: [fc*]}, mean-replacement: false}
      fine-tune: {rungs: [0, 0.5]}
      sampler: list
      """)
    #expect(spec.plans?.count == 6)
    let printed = SpecPrinter.yaml(spec)
    #expect(try readSpec(printed, folder: "/elsewhere") == spec, "\(printed)")
    #expect(SpecPrinter.yaml(try readSpec(printed)) == printed)
    #expect(printed.contains("\nplans:\n  - {"))
    let grid = try read("space: {sparsity: [0.3, 0.123456]}\nsampler: grid\nfine-tune: {promote: third}")
    #expect(try readSpec(SpecPrinter.yaml(grid)) == grid)
    #expect(SpecPrinter.yaml(grid).contains("    share: [0.3, 0.123456]\n"))
  }

  @Test func differencesNameShares() throws {
    let (old, new) = (try read("space: {sparsity: [0.3]}"), try read("space: {sparsity: [0.3, 0.5]}"))
    #expect(SpecDifference.between(old, new).map(\.description) == ["space.sparsity.share: [0.3] -> [0.3, 0.5]"])
  }

  @Test(arguments: [
    "accuracy >= 0.95", "accuracy >= 95%", "accuracy >= baseline - 0.05", "accuracy >= 0.9 baseline",
    "accuracy <= baseline", "parameters <= 0.5 baseline", "parameters <= 10k", "macs >= 0.1 baseline",
    "size <= 12.5 KiB", "size >= 1.01 baseline", "latency <= 2 ms", "latency <= 0.5", "latency >= 2 baseline",
    "macs <= - 1 + 3 baseline", "accuracy >= baseline + 0.9", "accuracy >= 1",
  ]) func constraintsThatMayHoldAreTaken(text: String) throws {
    #expect(try read("constraints: [\"\(text)\"]").constraints == [try ConstraintGrammar.parse(text)])
  }

  @Test func twoBoundsThatLeaveRoomAreTaken() throws {
    let text = "[\"accuracy >= 0.8\", \"accuracy <= baseline\", \"macs >= 0.1 baseline\", \"macs <= 1M\"]"
    #expect(try read("constraints: \(text)").constraints.count == 4)
  }
}
