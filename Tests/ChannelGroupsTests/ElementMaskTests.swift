import ChannelGroups
import Selection
import StudyModel
import Support
import Testing

@Suite struct ElementMaskTests {
  private let weights = [
    PrunableWeight(layer: "conv", weight: "conv.weight", shape: [2, 2]),
    PrunableWeight(layer: "fc", weight: "fc.weight", shape: [1, 4]),
  ]
  private let scores: [String: [Float]] = ["conv.weight": [1, 2, 3, 4], "fc.weight": [10, 1, 10, 20]]

  private func plan(_ sparsity: Sparsity, _ scope: Scope, _ layers: LayerSet = LayerSet(), minimum: Int = 1)
    -> PruningPlan
  {
    PruningPlan(
      criterion: .l1, granularity: .element, scope: scope, sparsity: sparsity, layers: layers, minimumKept: minimum)
  }

  @Test func localMasksTakeTheShareOfEachWeight() throws {
    let masks = try PlanSelection.elementMasks(weights: weights, scores: scores, plan: plan(.uniform(0.5), .local))
    #expect(masks == ["conv.weight": [false, false, true, true], "fc.weight": [false, false, true, true]])
  }

  @Test func globalMasksRankAllMagnitudes() throws {
    let masks = try PlanSelection.elementMasks(weights: weights, scores: scores, plan: plan(.uniform(0.5), .global))
    #expect(masks == ["conv.weight": [false, false, false, true], "fc.weight": [true, false, true, true]])
    // The minimum of one element per weight holds although all of "conv" scores lower.
    let most = try PlanSelection.elementMasks(weights: weights, scores: scores, plan: plan(.uniform(0.75), .global))
    #expect(most == ["conv.weight": [false, false, false, true], "fc.weight": [false, false, false, true]])
    let two = try PlanSelection.elementMasks(
      weights: weights, scores: scores, plan: plan(.uniform(0.5), .global, minimum: 2))
    #expect(two == ["conv.weight": [false, false, true, true], "fc.weight": [false, false, true, true]])
  }

  @Test func sharesGoByLayerAndLayerSetsHold() throws {
    let masks = try PlanSelection.elementMasks(
      weights: weights, scores: scores, plan: plan(.perGroup(["fc": 0.25]), .perGroup))
    #expect(masks == ["conv.weight": [true, true, true, true], "fc.weight": [true, false, true, true]])
    let some = try PlanSelection.elementMasks(
      weights: weights, scores: scores, plan: plan(.uniform(0.5), .global, LayerSet(exclude: ["fc"])))
    #expect(some == ["conv.weight": [false, false, true, true]])
    #expect(throws: SelectionError.self) {
      try PlanSelection.elementMasks(weights: weights, scores: scores, plan: plan(.perGroup(["bn": 0.1]), .perGroup))
    }
    #expect(throws: SelectionError.self) {
      try PlanSelection.elementMasks(weights: weights, scores: [:], plan: plan(.uniform(0.5), .local))
    }
  }

  @Test(arguments: 1...10 as ClosedRange<UInt64>)
  func globalCountsAreExactAndNothingKeptRanksBelowWhatLeft(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed, stream: "elements")
    let weight = PrunableWeight(layer: "a", weight: "a", shape: [7, 11])
    let values = (0..<77).map { _ in Float(generator.integer(below: 9)) }
    let share = generator.uniform()
    let masks = try PlanSelection.elementMasks(
      weights: [weight], scores: ["a": values], plan: plan(.uniform(share), .global))
    let mask = try #require(masks["a"])
    #expect(mask.count { $0 } == max(Int(77 * (1 - share) + 1e-9), 1))
    let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    #expect(order.map { mask[$0] } == order.map { mask[$0] }.sorted { !$0 && $1 })
  }
}
