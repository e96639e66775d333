import Foundation
import ModelGraph
import Testing

/// What is said of a network when it is read.
@Suite struct RemarkTests {
  private func graph(_ change: (inout GraphBuilder, String) throws -> String) throws -> Graph {
    var builder = GraphBuilder("remarks", seed: 1)
    let input = builder.input("x", [.symbolic("batch"), .fixed(3), .fixed(4), .fixed(4)])
    let x = builder.convolution("conv", input, inputs: 3, outputs: 8, kernel: 1, bias: true)
    let y = try change(&builder, x)
    let shape: [ModelGraph.Dimension] = [.symbolic("batch"), .fixed(8), .fixed(4), .fixed(4)]
    return try builder.finished(output: y, as: "y", shape: shape)
  }

  private func flag(_ value: Bool) -> TensorData { TensorData(shape: [], flags: [value]) }

  @Test func usualNetworksHaveNone() throws {
    #expect(try graph { builder, x in builder.dropout("drop", x, ratio: 0.5) }.remarks.isEmpty)
    #expect(try graph { builder, x in builder.batchNormalization("bn", x, channels: 8) }.remarks.isEmpty)
    let off = try graph { builder, x in
      builder.node("drop", .dropout, x, builder.scalar("r", 0.5), builder.weight("t", self.flag(false)))
    }
    #expect(off.remarks.isEmpty)
    let nothing = try graph { builder, x in
      builder.node("drop", .dropout, x, builder.scalar("r", 0), builder.weight("t", self.flag(true)))
    }
    #expect(nothing.remarks.isEmpty)
  }

  @Test func liveDropoutIsNamed() throws {
    let live = try graph { builder, x in
      let t = builder.weight("t", self.flag(true))
      let once = builder.node("drop", .dropout, x, builder.scalar("r", 0.5), t)
      return builder.node("again", .dropout, inputs: [once, "", t])
    }
    let remark = try #require(live.remarks.first)
    #expect(live.remarks.count == 1 && remark.isWarning)
    #expect(remark.text.contains("'drop' (Dropout), one of 2 such nodes") && remark.text.contains("training_mode"))
  }

  @Test func batchStatisticsAreNamed() throws {
    var training = try graph { builder, x in builder.batchNormalization("bn", x, channels: 8) }
    let position = try #require(training.nodes.firstIndex { $0.name == "bn" })
    training.nodes[position].op = .batchNormalization(BatchNormalization(usesBatchStatistics: true))
    let remark = try #require(training.remarks.first)
    #expect(remark.isWarning && remark.text.contains("'bn' (BatchNormalization)"))
  }

  @Test func numbersThatAreNotFiniteAreNamedWithPlaceAndLayer() throws {
    var broken = try graph { _, x in x }
    broken.weights["conv.bias"] = TensorData(shape: [8], floats: [0, 0, 0, 0, 0, .nan, 0, .infinity])
    let remark = try #require(broken.remarks.first)
    #expect(broken.remarks.count == 1 && remark.isWarning)
    #expect(remark.text.contains("'conv.bias' of node 'conv' (Conv) is nan at [5]; 2 of its 8 numbers are not finite"))
    var kernel = try #require(broken.weights["conv.weight"]).floats
    kernel[3 * 2 + 1] = -.infinity
    broken.weights["conv.weight"] = TensorData(shape: [8, 3, 1, 1], floats: kernel)
    #expect(broken.remarks.map { $0.text.contains("-inf at [2, 1, 0, 0]") } == [false, true])
  }

  @Test func otherTypesAreSaidOnce() throws {
    var half = try graph { _, x in x }
    half.inputs[0].declaredType = .float16
    half.convertedFrom = ["float16", "bfloat16"]
    let remark = try #require(half.remarks.first)
    #expect(half.remarks.count == 1 && !remark.isWarning)
    #expect(remark.text.contains("bfloat16, float16") && remark.line.hasPrefix("note: "))
  }
}
