import ChannelGroups
import ModelGraph
import Selection
import StudyModel
import Support
import TestSupport
import Testing

/// Selecting by size costs little also for large networks.
@Suite struct SelectionCostTests {
  /// The shapes of a residual network of 50 layers for images of 224 x 224.
  private func large() throws -> Graph {
    var builder = GraphBuilder("large", seed: 1)
    func normalized(_ name: String, _ x: String, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1) -> String
    {
      let y = builder.convolution(
        name, x, inputs: inputs, outputs: outputs, kernel: kernel, stride: stride, padding: kernel / 2)
      return builder.batchNormalization("\(name).bn", y, channels: outputs)
    }
    var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(224), .fixed(224)])
    x = builder.relu("relu", normalized("stem", x, 3, 64, kernel: 7, stride: 2))
    x = builder.maxPool("pool", x, kernel: 2)
    var width = 64
    for (stage, count) in [3, 4, 6, 3].enumerated() {
      let inner = 64 << stage
      for block in 0..<count {
        let name = "layer\(stage).\(block)"
        let stride = stage > 0 && block == 0 ? 2 : 1
        var y = builder.relu("\(name).relu1", normalized("\(name).conv1", x, width, inner, kernel: 1))
        y = builder.relu("\(name).relu2", normalized("\(name).conv2", y, inner, inner, kernel: 3, stride: stride))
        y = normalized("\(name).conv3", y, inner, inner * 4, kernel: 1)
        let shortcut =
          block == 0 ? normalized("\(name).shortcut", x, width, inner * 4, kernel: 1, stride: stride) : x
        x = builder.relu("\(name).relu3", builder.add("\(name).add", y, shortcut))
        width = inner * 4
      }
    }
    x = builder.linear(
      "fc", builder.flatten("flatten", builder.node("mean", .globalAveragePool, x)), inputs: 2048, outputs: 1000)
    return try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(1000)])
  }

  @Test func aTargetTakesWellUnderASecond() throws {
    let graph = try large()
    #expect(graph.parameterCount == 25_557_032)
    let analysis = try ChannelAnalysis(graph)
    var generator = SeededGenerator(seed: 1, stream: "scores")
    var scores: GroupScores = [:]
    for group in analysis.groups { scores[group.name] = group.units.map { _ in Float(generator.uniform()) } }
    let plan = PruningPlan(criterion: .l1, sparsity: .uniform(0.5), measure: .macs)
    var outcome: SelectionOutcome?
    let taken = try processorTime {
      outcome = try PlanSelection.outcome(
        groups: analysis.groups, scores: scores, plan: plan, measure: analysis.measure(keeping:))
    }
    var one: NetworkSize?
    let single = try processorTime { one = try analysis.measure(keeping: outcome?.kept ?? [:]) }
    print("selection by MACs over \(scores.values.joined().count) units: \(taken) s, one measurement: \(single) s")
    #expect(one?.multiplyAccumulates == outcome?.achieved && outcome?.isReached == true)
    #expect(taken < 5)
  }
}
