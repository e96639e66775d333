import GraphRuntime
import ModelGraph
import Tensors
import Testing

extension TensorsTests {
  /// Every operator against ONNX's own tests, and against ONNX Runtime where those have gaps.
  @Suite struct LayerGoldenTests {
    static let layers = (try? LayerGoldens.layers.get())?.names ?? []
    static let kernels = (try? LayerGoldens.kernels.get())?.names ?? []

    @Test func goldensAreThere() {
      #expect(Self.layers.count > 400)
      #expect(Self.kernels.count > 800)
    }

    @Test(arguments: layers)
    func layerMatchesGolden(name: String) throws {
      try Self.check(name, LayerGoldens.layers.get().node(name))
    }

    @Test(arguments: kernels)
    func kernelMatchesGolden(name: String) throws {
      try Self.check(name, LayerGoldens.kernels.get().node(name))
    }

    /// Once with computed inputs only, once with all but the first as weights of the network.
    private static func check(
      _ name: String, _ golden: (node: Node, inputs: [TensorData?], outputs: [TensorData?])
    ) throws {
      let (node, inputs, outputs) = golden
      for hasWeights in [false, true] {
        let isWeight = { (position: Int) in hasWeights && position > 0 }
        var weights: [String: TensorData] = [:]
        var arguments: [String: Tensor] = [:]
        var infos: [ValueInfo] = []
        for (position, data) in inputs.enumerated() {
          guard let data else { continue }
          let input = node.inputs[position]
          if isWeight(position) {
            weights[input] = data
          } else {
            infos.append(ValueInfo(name: input, elementType: data.elementType, shape: data.shape.map(Dimension.fixed)))
            arguments[input] = try Tensor(data)
          }
        }
        let results = zip(node.outputs, outputs).compactMap { name, data in
          data.map { ValueInfo(name: name, elementType: $0.elementType, shape: $0.shape.map(Dimension.fixed)) }
        }
        let graph = Graph(name: name, inputs: infos, outputs: results, nodes: [node], weights: weights)
        let made = try GraphModule(graph).forward(arguments, mode: .evaluation)
        let facts = try graph.facts()
        for (output, data) in zip(node.outputs, outputs) {
          guard let data else { continue }
          let expected = try Tensor(data)
          let value = try #require(made[output])
          #expect(value.type == expected.type, "\(output)")
          // What pruning plans with is what runs.
          let fact = try #require(facts[output])
          #expect(fact.elementType == data.elementType, "\(output)")
          #expect(fact.shape == nil || fact.shape == data.shape, "\(output)")
          let gap = try gap(value, expected)
          let tolerance = roundedGoldens.contains(name) ? 1e-4 : tolerance(data.elementType)
          #expect(gap <= tolerance, "\(output), constants \(hasWeights): off by \(gap)")
        }
      }
    }

    /// Their expected values are written with four decimals.
    private static let roundedGoldens: Set = [
      "averagepool_2d_ceil_last_window_starts_on_pad", "gridsample_bicubic", "roialign_aligned_false",
      "roialign_aligned_true",
    ]

    /// As `difference`, with equal infinities and NaN on both sides taken as equal.
    private static func gap(_ value: Tensor, _ expected: Tensor) throws -> Double {
      guard value.shape == expected.shape else { return .infinity }
      let (left, right) = (try value.doubles, try expected.doubles)
      let scale = right.filter(\.isFinite).reduce(1) { max($0, $1.magnitude) }
      return zip(left, right).reduce(0) { worst, pair in
        if pair.0 == pair.1 || (pair.0.isNaN && pair.1.isNaN) { return worst }
        let gap = (pair.0 - pair.1).magnitude / scale
        return gap.isNaN ? .infinity : max(worst, gap)
      }
    }

    private static func tolerance(_ type: ElementType) -> Double {
      switch type {
      case .float64, .float32: 3e-6
      case .float16: 2e-3
      case .bfloat16: 1.6e-2
      case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .bool, .float8e4m3fn, .float8e4m3fnuz,
        .float8e5m2, .float8e5m2fnuz, .float8e8m0, .float4e2m1, .int4, .uint4, .int2, .uint2:
        0
      }
    }
  }
}
