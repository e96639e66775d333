import ChannelGroups
import Evaluation
import Foundation
import ModelFormats
import ModelGraph
import Support
import TestSupport
import Testing

extension EvaluationTests {
  /// Masked and compacted networks compute the same where layers read integers, whose zeros are zero points.
  @Suite struct IntegerMaskingTests {
    enum Layer: CaseIterable {
      case product, quantizedProduct, convolution, quantizedConvolution
    }

    private static func bytes(_ shape: [Int], seed: UInt64) throws -> TensorData {
      var generator = SeededGenerator(seed: seed, stream: "bytes")
      let values = (0..<shape.reduce(1, *)).map { _ in UInt8(generator.uniform() * 255) }
      return try TensorData(.uint8, shape: shape, bytes: Data(values))
    }

    private static func byte(_ value: UInt8) throws -> TensorData {
      try TensorData(.uint8, shape: [], bytes: Data([value]))
    }

    /// A layer of float32, one of integers behind it, whose data and weights both have zero points, and one of float32 again. Where the
    /// first two are no convolutions, channels lie on the last axis.
    private static func network(_ layer: Layer) throws -> Graph {
      var builder = GraphBuilder("integers", seed: 5)
      let isImage = layer == .convolution || layer == .quantizedConvolution
      let image: [ModelGraph.Dimension] = isImage ? [.fixed(4), .fixed(4)] : []
      let input = builder.input("x", [.symbolic("batch"), .fixed(3)] + image)
      let x = builder.node("leaky", .activation(.leakyRelu(slope: 0.5)), first(&builder, input, isImage))
      let weight = builder.weight("w", try bytes(isImage ? [4, 8, 3, 3] : [8, 4], seed: 7))
      let zero = builder.weight("w.zero", try byte(131))
      let convolution = Convolution(kernel: [3, 3])
      let y: String
      switch layer {
      case .product, .convolution:
        let coded = builder.node("code", .dynamicQuantizeLinear, inputs: [x], outputs: ["q", "scale", "zero"])
        let op: Operator = layer == .product ? .integerMatrixProduct : .integerConvolution(convolution)
        let sums = builder.node("layer", op, coded[0], weight, coded[2], zero)
        y = builder.multiply("scaled", builder.node("floats", .cast(Cast(to: .float32)), sums), coded[1])
      case .quantizedProduct, .quantizedConvolution:
        let (scale, point) = (builder.scalar("x.scale", 0.01), builder.weight("x.zero", try byte(90)))
        let (outScale, outPoint) = (builder.scalar("y.scale", 0.05), builder.weight("y.zero", try byte(120)))
        let coded = builder.node("code", .quantizeLinear(QuantizeLinear()), x, scale, point)
        let op: Operator = layer == .quantizedProduct ? .quantizedMatrixProduct : .quantizedConvolution(convolution)
        let sums = builder.node(
          "layer", op, coded, scale, point, weight, builder.scalar("w.scale", 0.01), zero, outScale, outPoint)
        y = builder.node("floats", .dequantizeLinear(DequantizeLinear()), sums, outScale, outPoint)
      }
      let z =
        isImage
        ? builder.convolution("last", y, inputs: 4, outputs: 2, kernel: 1)
        : builder.linear("last", y, inputs: 4, outputs: 2)
      let rest: [ModelGraph.Dimension] = isImage ? [.fixed(2), .fixed(2)] : []
      var graph = try builder.finished(output: z, as: "z", shape: [.symbolic("batch"), .fixed(2)] + rest)
      graph.opset = 21
      return graph
    }

    private static func first(_ builder: inout GraphBuilder, _ input: String, _ isImage: Bool) -> String {
      isImage
        ? builder.convolution("first", input, inputs: 3, outputs: 8, kernel: 1)
        : builder.linear("first", input, inputs: 3, outputs: 8)
    }

    @Test(arguments: Layer.allCases) func computesTheSame(_ layer: Layer) throws {
      let graph = try Self.network(layer)
      let analysis = try ChannelAnalysis(graph)
      // Channels that leave hold the largest numbers, so that a scale that follows them would show.
      var dense = graph
      let weight = try #require(graph.weights["first.weight"])
      let floats = weight.floats.enumerated().map { $0 / 3 % 2 == 1 ? 5 * $1 : $1 }
      dense.weights["first.weight"] = TensorData(shape: weight.shape, floats: floats)
      let keeping = ["first": [0, 2, 4, 6]]
      let shape = [2, 3] + (layer == .convolution || layer == .quantizedConvolution ? [4, 4] : [])
      let data = ReferenceTensor.random(shape: shape, seed: 1)
      let inputs = ["x": TensorData(shape: shape, floats: data.values.map(Float.init))]
      func run(_ graph: Graph) throws -> [Float] {
        // As a file, so that types that do not fit are seen.
        try #require(NetworkExecution.run(ONNXFile.reread(graph), inputs: inputs)["z"]).floats
      }
      let whole = try run(dense)
      let small = try run(analysis.compacted(dense, keeping: keeping))
      let large = try run(analysis.masked(dense, keeping: keeping))
      #expect(zip(whole, small).contains { abs($0 - $1) > 1e-2 }, "nothing was hidden")
      for (one, other) in zip(small, large) { #expect(abs(one - other) <= 1e-5 * max(abs(one), 1)) }
    }
  }
}
