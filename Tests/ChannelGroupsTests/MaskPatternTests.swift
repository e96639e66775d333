import ChannelGroups
import ModelGraph
import Selection
import StudyModel
import Support
import Testing

/// N:M, blocks, thresholds and shares of parameters among single weights, against brute force.
@Suite struct MaskPatternTests {
  private func plan(
    _ granularity: Granularity, _ sparsity: Sparsity = .uniform(0.5), _ scope: Scope = .global,
    measure: SparsityMeasure = .units, minimum: Int = 1, normalization: Normalization? = nil
  ) -> PruningPlan {
    PruningPlan(
      criterion: .l1, ranking: Ranking(normalization: normalization), granularity: granularity, scope: scope,
      sparsity: sparsity, measure: measure, minimumKept: minimum)
  }

  private func scores(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed, stream: "scores")
    return (0..<count).map { _ in Float(generator.uniform()) }
  }

  private static let layouts: [PrunableWeight] = [
    PrunableWeight(layer: "conv", weight: "w", shape: [3, 9, 2, 2]),
    PrunableWeight(layer: "fc", weight: "w", shape: [4, 8]),
    PrunableWeight(layer: "matmul", weight: "w", shape: [8, 5], axes: KernelAxes(output: 1, input: 0)),
    PrunableWeight(layer: "transposed", weight: "w", shape: [6, 2, 3, 3], axes: KernelAxes(output: 1, input: 0)),
    PrunableWeight(layer: "lstm", weight: "w", shape: [2, 4, 10], axes: KernelAxes(output: 1, input: 2)),
    PrunableWeight(layer: "vector", weight: "w", shape: [7]),
  ]

  /// Entries `[row-major place]` by (all other axes, place along the input axis).
  private func lines(_ weight: PrunableWeight) -> [[Int]] {
    let axis = weight.axes.input ?? 0
    let inner = weight.shape[(axis + 1)...].reduce(1, *)
    var lines: [Int: [Int]] = [:]
    for place in 0..<weight.count {
      let line = place / (inner * weight.shape[axis]) * inner + place % inner
      lines[line, default: []].append(place)
    }
    return lines.sorted { $0.key < $1.key }.map(\.value)
  }

  /// Of all ways to keep N of each M, the one of the highest sum; what is behind the last run stays.
  @Test(arguments: layouts, [(2, 4), (1, 2), (1, 4), (3, 5)])
  func runsKeepTheirBest(weight: PrunableWeight, pattern: (Int, Int)) throws {
    let (kept, run) = pattern
    let values = scores(weight.count, seed: UInt64(weight.count))
    let masks = try PlanSelection.elementMasks(
      weights: [weight], scores: ["w": values], plan: plan(.nOfM(kept: kept, of: run)))
    let mask = try #require(masks["w"])
    for line in lines(weight) {
      #expect(line.count == weight.shape[weight.axes.input ?? 0])
      for start in stride(from: 0, to: line.count, by: run) {
        let places = Array(line[start..<min(start + run, line.count)])
        guard places.count == run else {
          #expect(places.allSatisfy { mask[$0] })
          continue
        }
        let subsets = (0..<1 << run).filter { $0.nonzeroBitCount == kept }.map { bits in
          (0..<run).filter { bits & 1 << $0 != 0 }.map { places[$0] }
        }
        let best = subsets.max { left, right in
          left.reduce(0) { $0 + values[$1] } < right.reduce(0) { $0 + values[$1] }
        }
        #expect(places.filter { mask[$0] } == best)
      }
    }
  }

  @Test func runsIgnoreTheSparsityAndBreakTiesFromTheFront() throws {
    let weight = PrunableWeight(layer: "fc", weight: "w", shape: [1, 6])
    let masks = try PlanSelection.maskOutcome(
      weights: [weight], scores: ["w": [1, 1, 1, 1, 5, 6]], plan: plan(.nOfM(kept: 2, of: 4), .uniform(0.9), .local))
    #expect(masks.masks == ["w": [false, false, true, true, true, true]] && masks.reached == nil)
  }

  /// The matrix `[outputs, inputs * positions]` written out as rows of places.
  private func matrix(_ weight: PrunableWeight) -> [[[Int]]] {
    switch weight.layer {
    case "matmul": return [(0..<5).map { column in (0..<8).map { $0 * 5 + column } }]
    case "transposed":
      return [(0..<2).map { row in (0..<6).flatMap { input in (0..<9).map { (input * 2 + row) * 9 + $0 } } }]
    case "lstm":
      return (0..<2).map { direction in (0..<4).map { row in (0..<10).map { (direction * 4 + row) * 10 + $0 } } }
    case "vector": return [[Array(0..<7)]]
    default:
      let width = weight.count / weight.shape[0]
      return [(0..<weight.shape[0]).map { row in (0..<width).map { row * width + $0 } }]
    }
  }

  /// The lowest sums leave whole, smaller ones at the edges too.
  @Test(arguments: layouts, [(1, 4), (2, 2), (3, 5), (4, 1)])
  func blocksLeaveByTheirSums(weight: PrunableWeight, shape: (Int, Int)) throws {
    let values = scores(weight.count, seed: 5)
    var blocks: [[Int]] = []
    for rows in matrix(weight) {
      for top in stride(from: 0, to: rows.count, by: shape.0) {
        for left in stride(from: 0, to: rows[0].count, by: shape.1) {
          blocks.append(
            rows[top..<min(top + shape.0, rows.count)].flatMap { $0[left..<min(left + shape.1, $0.count)] })
        }
      }
    }
    #expect(blocks.joined().sorted() == Array(0..<weight.count))
    let sums = blocks.map { block in block.reduce(0.0) { $0 + Double(values[$1]) } }
    for scope in [Scope.global, .local] {
      let outcome = try PlanSelection.maskOutcome(
        weights: [weight], scores: ["w": values],
        plan: plan(.block(rows: shape.0, columns: shape.1), .uniform(0.6), scope))
      let mask = try #require(outcome.masks["w"])
      let left = max(Int(Double(blocks.count) * 0.4 + 1e-9), 1)
      let order = blocks.indices.sorted { sums[$0] > sums[$1] }
      #expect(mask.indices.filter { mask[$0] } == order.prefix(left).flatMap { blocks[$0] }.sorted())
      #expect(outcome.reached?.achieved == left)
    }
  }

  @Test func perLayerSharesGoForBlocks() throws {
    let weights = [
      PrunableWeight(layer: "a", weight: "a.w", shape: [2, 4]),
      PrunableWeight(layer: "b", weight: "b.w", shape: [2, 2]),
    ]
    let masks = try PlanSelection.elementMasks(
      weights: weights, scores: ["a.w": [1, 1, 2, 2, 4, 4, 3, 3], "b.w": [1, 2, 3, 4]],
      plan: plan(.block(rows: 1, columns: 2), .perGroup(["a": 0.5]), .perGroup))
    #expect(masks == ["a.w": [false, false, false, false, true, true, true, true], "b.w": [true, true, true, true]])
  }

  @Test func thresholdsTakeWhateverScoresBelow() throws {
    let weights = [
      PrunableWeight(layer: "a", weight: "a.w", shape: [4]), PrunableWeight(layer: "b", weight: "b.w", shape: [3]),
    ]
    let outcome = try PlanSelection.maskOutcome(
      weights: weights, scores: ["a.w": [0.1, 0.5, 0.4, 2], "b.w": [0.1, 0.2, 0.3]],
      plan: plan(.element, .threshold(0.5)))
    #expect(outcome.masks == ["a.w": [false, true, false, true], "b.w": [false, false, true]])
    #expect(outcome.reached?.target == 2 && outcome.reached?.achieved == 3)
  }

  /// Parameters are those of the whole network that are not zero; zeros leave for nothing.
  @Test(arguments: 1...15 as ClosedRange<UInt64>, [Granularity.element, .block(rows: 2, columns: 2)])
  func sharesOfParametersCountTheWholeNetwork(seed: UInt64, granularity: Granularity) throws {
    var generator = SeededGenerator(seed: seed, stream: "parameters")
    let weights = (0..<3).map { position in
      PrunableWeight(
        layer: "l\(position)", weight: "w\(position)",
        shape: [1 + generator.integer(below: 5), 2 + generator.integer(below: 5)])
    }
    var scores: [String: [Float]] = [:]
    var zeros: [String: [Bool]] = [:]
    for weight in weights {
      zeros[weight.weight] = (0..<weight.count).map { _ in generator.integer(below: 5) == 0 }
      scores[weight.weight] = (0..<weight.count).map { _ in Float(generator.uniform()) }
    }
    let count = weights.reduce(0) { $0 + $1.count }
    let zeroCount = zeros.values.reduce(0) { $0 + $1.count { $0 } }
    // Biases and the like besides, of which two are zero.
    let total = count + 11
    let nonzero = total - zeroCount - 2
    let share = generator.uniform() * 0.8
    let outcome = try PlanSelection.maskOutcome(
      weights: weights, scores: scores, plan: plan(granularity, .uniform(share), measure: .parameters, minimum: 0),
      parameters: NonzeroParameters(total: total, nonzero: nonzero, zeros: zeros))
    let target = Int((Double(total) * (1 - share) + 1e-9).rounded(.down))
    var left = 9
    for weight in weights {
      let mask = try #require(outcome.masks[weight.weight])
      left += zip(mask, zeros[weight.weight] ?? []).count { $0 && !$1 }
    }
    let gap = try #require(outcome.reached)
    #expect(gap.target == target && gap.achieved == left)
    let impossible = target < 9
    #expect((left <= target) == !impossible)
    if left < nonzero { #expect((gap.previous ?? 0) > target) }
    if granularity == .element, left < nonzero { #expect(left == max(target, 9)) }
  }

  @Test func zerosSaveNoMultiplyAccumulates() throws {
    let weight = PrunableWeight(layer: "a", weight: "w", shape: [4])
    let error = #expect(throws: SelectionError.self) {
      try PlanSelection.elementMasks(
        weights: [weight], scores: ["w": [1, 2, 3, 4]], plan: plan(.element, measure: .macs))
    }
    #expect(error?.code == .unsupportedTarget)
  }

  @Test func layersAreChosenBeforeTheirWeights() throws {
    let weights = ["a", "b", "c"].map { PrunableWeight(layer: $0, weight: $0, shape: [4]) }
    let masks = try PlanSelection.elementMasks(
      weights: weights, scores: ["a": [5, 6, 7, 8], "b": [1, 2, 1, 100], "c": [0.3, 0.2, 0.3, 0.3]],
      plan: plan(.element, .uniform(0.5), .layersThenWeights))
    #expect(masks["b"] == [false, true, false, true] && masks["a"]?.contains(false) == false)
    #expect(masks["c"]?.contains(false) == false)
  }

  /// Each output keeps as many of its weights, its best, wherever its row lies in the weight; brute force over the rows.
  @Test(arguments: layouts, [0.25, 0.5, 0.9])
  func everyOutputLosesTheSameShare(weight: PrunableWeight, share: Double) throws {
    // Rows of unlike size, so that a ranking over the whole weight would empty some.
    var values = scores(weight.count, seed: UInt64(weight.count))
    let rows = outputs(weight)
    for (number, row) in rows.enumerated() {
      for place in row { values[place] *= Float(1 + 10 * number) }
    }
    let masks = try PlanSelection.elementMasks(
      weights: [weight], scores: ["w": values], plan: plan(.element, .uniform(share), .row))
    let mask = try #require(masks["w"])
    for row in rows {
      let kept = max(1, Int(Double(row.count) * (1 - share) + 1e-9))
      let best = row.sorted { values[$0] > values[$1] }.prefix(kept)
      #expect(row.filter { mask[$0] } == best.sorted(), "\(weight.layer)")
    }
    let whole = try PlanSelection.elementMasks(
      weights: [weight], scores: ["w": values], plan: plan(.element, .uniform(share), .local))
    if rows.count > 1, share >= 0.5 { #expect(whole["w"] != mask) }
  }

  /// The places of each output's weights: all that share an index along the output axis and along axes before both.
  private func outputs(_ weight: PrunableWeight) -> [[Int]] {
    guard let axis = weight.axes.output else { return [Array(0..<weight.count)] }
    let inner = weight.shape[(axis + 1)...].reduce(1, *)
    let isSideBySide = weight.shape.count == 3 && axis == 1
    var rows: [[Int]: [Int]] = [:]
    for place in 0..<weight.count {
      let index = place / inner % weight.shape[axis]
      rows[isSideBySide ? [place / inner / weight.shape[axis], index] : [0, index], default: []].append(place)
    }
    return rows.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
  }

  @Test func kernelAxesFollowTheOperator() throws {
    var builder = GraphBuilder("axes", seed: 1)
    var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(4), .fixed(4)])
    x = builder.convolution("conv", x, inputs: 3, outputs: 4, kernel: 3, padding: 1)
    x = builder.transposedConvolution("up", x, inputs: 4, outputs: 5, kernel: 2)
    x = builder.flatten("flatten", builder.node("pool", .globalAveragePool, x))
    x = builder.linear("fc", x, inputs: 5, outputs: 6)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(6)])
    let axes = Dictionary(uniqueKeysWithValues: graph.prunableWeights().map { ($0.layer, $0.axes) })
    #expect(
      axes == [
        "conv": KernelAxes(output: 0, input: 1), "up": KernelAxes(output: 1, input: 0),
        "fc": KernelAxes(output: 0, input: 1),
      ])
    let lstm = try BuiltinNetworks.graph(named: BuiltinNetworks.names.first { $0.contains("lstm") } ?? "resnet20")
    for weight in lstm.prunableWeights() where weight.shape.count == 3 {
      #expect(weight.axes == KernelAxes(output: 1, input: 2))
    }
  }
}
