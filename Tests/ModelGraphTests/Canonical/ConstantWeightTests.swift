import ModelGraph
import TestSupport
import Testing

/// Weights that a network makes of other constants are weights: cut out, put together, repeated, computed.
@Suite struct ConstantWeightTests {
  /// One convolution of 8 kernels over 3 channels, whose weight is made in some way, and one behind it.
  private static func network(
    _ weight: (inout GraphBuilder, _ x: String) -> String, bias: ((inout GraphBuilder, _ x: String) -> String)? = nil
  ) throws -> Graph {
    var builder = GraphBuilder("made", seed: 3)
    let x = builder.input("x", [.symbolic("batch"), .fixed(3), .fixed(6), .fixed(6)])
    var inputs = [x, weight(&builder, x)]
    if let bias { inputs.append(bias(&builder, x)) }
    let y = builder.node("conv", .convolution(Convolution(kernel: [3, 3])), inputs: inputs)
    let z = builder.convolution("last", builder.relu("relu", y), inputs: 8, outputs: 4, kernel: 1)
    return try builder.finished(output: z, as: "z", shape: [.symbolic("batch"), .fixed(4), .fixed(4), .fixed(4)])
  }

  private func difference(_ one: Graph, _ two: Graph, shape: [Int] = [2, 3, 6, 6]) throws -> Double {
    let x = ReferenceTensor.random(shape: shape, seed: 5)
    return try ReferenceExecutor.output(of: one, input: x)
      .largestDifference(from: ReferenceExecutor.output(of: two, input: x))
  }

  /// The canonical form has the convolutions and nothing else, and computes the same.
  private func expectPlain(_ graph: Graph, within bound: Double = 0) throws -> Graph {
    let result = try graph.canonical()
    #expect(result.nodes.map(\.name) == ["conv", "relu", "last"])
    let kernel = try #require(result.nodes.first?.inputs[1])
    #expect(result.weights[kernel]?.shape == [8, 3, 3, 3])
    #expect(result.weightRoles()[kernel] == .trainable)
    #expect(try difference(graph, result) <= bound)
    #expect(try result.canonical() == result)
    return result
  }

  enum Making: String, CaseIterable {
    case slice, split, concat, pad, expand, tile, turnedSlice, reshapedSlice
  }

  @Test(arguments: Making.allCases) func rearrangedConstantsAreWeights(_ making: Making) throws {
    let graph = try Self.network { builder, _ in
      switch making {
      case .slice: builder.slice("w", builder.constant("p", [16, 3, 3, 3]), axes: [0], starts: [4], ends: [12])
      case .split: builder.split("w", builder.constant("p", [16, 3, 3, 3]), sizes: [8, 8], axis: 0)[1]
      case .concat:
        builder.concat("w", [builder.constant("p", [5, 3, 3, 3]), builder.constant("q", [3, 3, 3, 3])], axis: 0)
      case .pad:
        builder.pad("w", builder.constant("p", [8, 3, 1, 1]), before: [0, 0, 1, 1], after: [0, 0, 1, 1])
      case .expand: builder.expand("w", builder.constant("p", [8, 1, 3, 3]), [8, 3, 3, 3])
      case .tile: builder.tile("w", builder.constant("p", [4, 3, 3, 3]), [2, 1, 1, 1])
      case .turnedSlice:
        builder.slice(
          "w", builder.transpose("turned", builder.constant("p", [3, 16, 3, 3]), [1, 0, 2, 3]), axes: [0], starts: [8],
          ends: [16])
      case .reshapedSlice:
        builder.gather("w", builder.reshape("grid", builder.constant("p", [16, 27]), [2, 8, 3, 3, 3]), at: 1, axis: 0)
      }
    }
    let result = try expectPlain(graph)
    #expect(result.weights["p"] == nil)
  }

  /// Query, key and value of one packed weight and one packed bias: each becomes a layer's own, and nothing is left over.
  @Test func packedProjectionsBecomeWeightsOfTheirOwn() throws {
    var builder = GraphBuilder("packed", seed: 3)
    let x = builder.input("x", [.symbolic("batch"), .fixed(5), .fixed(6)])
    let (weight, bias) = (builder.constant("in.weight", [24, 6]), builder.constant("in.bias", [3, 8]))
    let parts = builder.split("parts", weight, sizes: [8, 8, 8], axis: 0)
    let values = parts.enumerated().map { place, part in
      let product = builder.product("proj\(place)", x, builder.transpose("turned\(place)", part, [1, 0]))
      return builder.add("sum\(place)", product, builder.gather("bias\(place)", bias, at: place, axis: 0))
    }
    let y = builder.add("all", builder.multiply("gated", values[0], values[1]), values[2])
    let graph = try builder.finished(output: y, as: "y", shape: [.symbolic("batch"), .fixed(5), .fixed(8)])
    let result = try graph.canonical()
    #expect(result.weights["in.weight"] == nil)
    #expect(result.weights["in.bias"] == nil)
    #expect(result.nodes.allSatisfy { $0.op != .split(axis: 0) })
    #expect(result.weights[parts[1]]?.floats == Array(graph.weights["in.weight"]?.floats[48..<96] ?? []))
    #expect(result.weights["bias1_out"]?.shape == [8])
    #expect(result.weightRoles()["bias1_out"] == .trainable)
    #expect(result.parameterCount == graph.parameterCount)
    #expect(try difference(graph, result, shape: [2, 5, 6]) == 0)
    #expect(try result.canonical() == result)
  }

  /// A weight of which a part is read elsewhere too stays one weight, whole or in parts that overlap.
  @Test(arguments: [false, true]) func tiedWeightsStayTied(whole: Bool) throws {
    var builder = GraphBuilder("tied", seed: 3)
    let x = builder.input("x", [.symbolic("batch"), .fixed(6)])
    let weight = builder.constant("w", [12, 6])
    let first = builder.slice("first", weight, axes: [0], starts: [0], ends: [8])
    let second = whole ? weight : builder.slice("second", weight, axes: [0], starts: [4], ends: [12])
    let y = builder.node("one", .gemm(Gemm()), x, first)
    let z = builder.node("two", .gemm(Gemm()), x, second)
    let both = builder.concat("both", [y, z], axis: 1)
    let graph = try builder.finished(output: both, as: "y", shape: [.symbolic("batch"), .fixed(whole ? 20 : 16)])
    let result = try graph.canonical()
    #expect(result.nodes == graph.nodes)
    #expect(result.parameterCount == 72)
  }

  /// The same part, taken twice under constants of other names, is one weight for both readers.
  @Test func equalPartsAreOneWeight() throws {
    var builder = GraphBuilder("twice", seed: 3)
    let x = builder.input("x", [.symbolic("batch"), .fixed(6)])
    let weight = builder.constant("w", [12, 6])
    let parts = ["first", "again"].map { builder.slice($0, weight, axes: [0], starts: [0], ends: [6]) }
    let rest = builder.slice("rest", weight, axes: [0], starts: [6], ends: [12])
    var y = x
    for (place, part) in (parts + [rest]).enumerated() { y = builder.node("fc\(place)", .gemm(Gemm()), y, part) }
    let graph = try builder.finished(output: y, as: "y", shape: [.symbolic("batch"), .fixed(6)])
    let result = try graph.canonical()
    #expect(result.nodes.map(\.name) == ["fc0", "fc1", "fc2"])
    #expect(result.nodes[0].inputs[1] == result.nodes[1].inputs[1])
    #expect(result.parameterCount == 72)
    #expect(try difference(graph, result, shape: [2, 6]) == 0)
  }

  /// weight = W + scale * B A, below and above the size of what is kept at every step.
  @Test(arguments: [16, 96]) func lowRankSumsAreComputed(units: Int) throws {
    var builder = GraphBuilder("adapted", seed: 3)
    let x = builder.input("x", [.symbolic("batch"), .fixed(units)])
    let product = builder.product(
      "product", builder.constant("b", [units, 2]), builder.constant("a", [2, units]))
    let sum = builder.add(
      "sum", builder.transpose("turned", builder.constant("w", [units, units]), [1, 0]),
      builder.scale("scaled", product, by: 0.5))
    let y = builder.node("fc", .gemm(Gemm()), x, sum)
    let graph = try builder.finished(output: y, as: "y", shape: [.symbolic("batch"), .fixed(units)])
    let result = try graph.canonical()
    #expect(result.nodes.map(\.name) == ["fc"])
    #expect(result.weights.count == 1)
    #expect(result.weightRoles()["sum_out"] == .trainable)
    #expect(result.parameterCount == units * units)
    #expect(try difference(graph, result, shape: [2, units]) < 1e-5)
  }

  /// The same for a table of rows that the input chooses from; a table that constants choose from is no layer's.
  @Test func lowRankTablesAreComputed() throws {
    var builder = GraphBuilder("table", seed: 3)
    let x = builder.input("x", [.symbolic("batch"), .fixed(3)], type: .int64)
    let product = builder.product("product", builder.constant("b", [10, 2]), builder.constant("a", [2, 4]))
    let table = builder.add("table", builder.constant("w", [10, 4]), product)
    let y = builder.node("rows", .gather(axis: 0), table, x)
    let graph = try builder.finished(output: y, as: "y", shape: [.symbolic("batch"), .fixed(3), .fixed(4)])
    let result = try graph.canonical()
    #expect(result.nodes.map(\.name) == ["rows"])
    #expect(result.weightRoles()["table_out"] == .trainable)
    #expect(result.parameterCount == 40)
  }

  /// w = g v / |v|, with the norm spread over the whole weight before the division.
  @Test func normalizedWeightsAreComputed() throws {
    let graph = try Self.network { builder, _ in
      let v = builder.constant("v", [8, 3, 3, 3])
      let norm = builder.reduce("norm", v, .l2, axes: [1, 2, 3], keepsAxes: true)
      let spread = builder.expand("spread", norm, [8, 3, 3, 3])
      let unit = builder.node("unit", .elementwise(.divide), v, spread)
      return builder.multiply("w", unit, builder.constant("g", [8, 1, 1, 1]))
    }
    let result = try expectPlain(graph, within: 1e-5)
    #expect(result.weightRoles()["w_out"] == .trainable)
  }

  /// Functions that weights are prepared with, against the reference.
  @Test(arguments: [
    Operator.activation(.tanh), .activation(.gelu(approximated: false)), .activation(.elu(alpha: 0.7)),
    .activation(.hardSwish), .activation(.softplus), .activation(.swish(alpha: 1.5)), .softmax(axis: 1),
    .logSoftmax(axis: 0),
  ]) func functionsOfConstants(_ op: Operator) throws {
    let graph = try Self.network { builder, _ in builder.node("w", op, builder.constant("p", [8, 3, 3, 3])) }
    _ = try expectPlain(graph, within: 1e-5)
  }

  /// Standardised by a batch normalisation in training mode, each kernel a channel.
  @Test func standardizedWeightsAreComputed() throws {
    let graph = try Self.network { builder, _ in
      let rows = builder.reshape("rows", builder.constant("p", [8, 3, 3, 3]), [1, 8, 27])
      let normalization = BatchNormalization(epsilon: 1e-3, usesBatchStatistics: true)
      let vectors = ["scale", "shift", "mean", "variance"].map { builder.weight($0, .filled([8], with: 1)) }
      let plain = builder.node("bn", .batchNormalization(normalization), inputs: [rows] + vectors)
      return builder.reshape("w", plain, [8, 3, 3, 3])
    }
    let result = try graph.canonical()
    #expect(result.nodes.map(\.name) == ["conv", "relu", "last"])
    let source = try #require(graph.weights["p"]?.floats)
    let made = try #require(result.weights["w_out"]?.floats)
    for kernel in 0..<8 {
      let values = source[(kernel * 27)..<(kernel * 27 + 27)].map { Double($0) }
      let mean = values.reduce(0, +) / 27
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 27
      for (place, value) in values.enumerated() {
        let expected = (value - mean) / (variance + 1e-3).squareRoot() + 1
        #expect(abs(Double(made[kernel * 27 + place]) - expected) < 1e-5)
      }
    }
  }

  /// Products of constants against the reference, with batch axes that are broadcast.
  @Test(arguments: [Gemm(alpha: 0.5, beta: 2, transposesA: true), Gemm(transposesB: false)])
  func productsOfConstants(_ gemm: Gemm) throws {
    var builder = GraphBuilder("products", seed: 3)
    let x = builder.input("x", [.symbolic("batch"), .fixed(2), .fixed(7), .fixed(4)])
    let a = builder.constant("a", gemm.transposesA ? [3, 4] : [4, 3])
    let b = builder.constant("b", gemm.transposesB ? [5, 3] : [3, 5])
    let product = builder.node("ab", .gemm(gemm), a, b, builder.constant("c", [1, 5]))
    let batched = builder.product("batched", product, builder.constant("d", [2, 5, 6]))
    let y = builder.product("y", x, batched)
    let graph = try builder.finished(
      output: y, as: "y", shape: [.symbolic("batch"), .fixed(2), .fixed(7), .fixed(6)])
    let result = try graph.canonical()
    #expect(result.nodes.map(\.name) == ["y"])
    #expect(result.weights.count == 1)
    #expect(try difference(graph, result, shape: [1, 2, 7, 4]) < 1e-5)
  }

  /// A sum over a named index, a diagonal and an axis that is broadcast.
  @Test func einsumsOfConstants() throws {
    let a = TensorData(shape: [2, 3], floats: [1, 2, 3, 4, 5, 6])
    let b = TensorData(shape: [3, 2], floats: [1, -1, 2, 0.5, 0, 3])
    let c = TensorData(shape: [1, 3], floats: [1, 10, 100])
    func result(_ equation: String, _ inputs: [TensorData]) throws -> TensorData? {
      let node = Node(
        name: "n", op: .einsum(equation: equation), inputs: inputs.indices.map { "i\($0)" }, outputs: ["o"])
      return try node.evaluated(on: inputs, limit: 1000)?.first
    }
    #expect(try result("ij,jk->ki", [a, b])?.floats == [5, 14, 9, 16.5])
    #expect(try result("ij,ij->i", [a, c])?.floats == [321, 654])
    #expect(try result("ij->", [a])?.floats == [21])
    #expect(try result("ii->i", [TensorData(shape: [2, 2], floats: [1, 2, 3, 4])])?.floats == [1, 4])
    // Few elements can take more work than there is room for.
    let square = Node(name: "n", op: .matrixProduct, inputs: ["a", "b"], outputs: ["o"])
    let factors = [TensorData.zeros([64, 512]), TensorData.zeros([512, 64])]
    #expect(try square.evaluated(on: factors, limit: 4096) == nil)
    #expect(try square.evaluated(on: factors, limit: 1 << 20)?.first?.shape == [64, 64])
  }

  // MARK: Biases

  /// A zero that a CastLike takes the type of the input for, spread over the channels: the layer has no bias.
  @Test func biasesOfZerosThatTheNetworkMakesAreNone() throws {
    let weight: (inout GraphBuilder, String) -> String = { builder, _ in builder.constant("w", [8, 3, 3, 3]) }
    let graph = try Self.network(weight) { builder, x in
      let zero = builder.weight("zero", TensorData(shape: [], integers: [0]))
      return builder.expand("bias", builder.node("typed", .castLike(Cast()), zero, x), [8])
    }
    let result = try expectPlain(graph)
    #expect(result.nodes[0].inputs.count == 2)
    #expect(result.parameterCount == 216 + 32)

    // Another number is a bias, and a learned bias stays, zero or not.
    let ones = try Self.network(weight) { builder, x in
      let one = builder.weight("one", TensorData(shape: [], integers: [1]))
      return builder.expand("bias", builder.node("typed", .castLike(Cast()), one, x), [8])
    }
    let second = try expectPlain(ones)
    #expect(second.weights["bias_out"]?.floats == Array(repeating: 1, count: 8))
    #expect(second.weightRoles()["bias_out"] == .trainable)
    let learned = try Self.network(weight) { builder, _ in builder.weight("b", .zeros([8])) }
    #expect(try expectPlain(learned).nodes[0].inputs.count == 3)
  }

  // MARK: Files

  /// A file holds what is repeated once, and reading it gives the weight back bit for bit.
  @Test(arguments: [Making.expand, .tile, .pad]) func filesHoldRepeatedWeightsOnce(_ making: Making) throws {
    let graph = try Self.network { builder, _ in
      switch making {
      case .expand: builder.expand("w", builder.constant("p", [8, 1, 3, 3]), [8, 3, 3, 3])
      case .tile: builder.tile("w", builder.constant("p", [4, 3, 3, 3]), [2, 1, 1, 1])
      default: builder.pad("w", builder.constant("p", [8, 3, 1, 1]), before: [0, 0, 1, 1], after: [0, 0, 1, 1])
      }
    }
    let canonical = try graph.canonical()
    #expect(canonical.weights["w_out"]?.elementCount == 216)
    let packed = canonical.packingRepeatedWeights()
    try packed.validate()
    #expect(packed.weights["w_out.once"]?.bytes == graph.weights["p"]?.bytes)
    #expect(packed.weights["w_out"] == nil)
    #expect(try difference(graph, packed) == 0)
    #expect(try packed.canonical() == canonical)
    // ONNX Runtime takes a Pad right before a layer for one of its data.
    let layer = try #require(packed.nodes.first { $0.op.onnxName == "Conv" })
    let maker = try #require(packed.nodes.first { $0.outputs[0] == layer.inputs[1] })
    #expect(maker.op != .pad(mode: .constant))

    // Once training has made the copies differ, all of it is written.
    var trained = canonical
    trained.weights["w_out"] = TensorData(shape: [8, 3, 3, 3], floats: (0..<216).map { Float($0) })
    #expect(trained.packingRepeatedWeights() == trained)
  }

  /// One number that is spread is written once, and the weight is known again under its name.
  @Test(arguments: [false, true]) func filesHoldFilledWeightsAsOneNumber(hasMargins: Bool) throws {
    let graph = try Self.network { builder, _ in
      let number = builder.weight("p", TensorData(shape: [1, 1, 1, 1], floats: [0.5]))
      guard hasMargins else { return builder.expand("w", number, [8, 3, 3, 3]) }
      return builder.pad(
        "w", builder.expand("c", number, [8, 3, 1, 1]), before: [0, 0, 1, 1], after: [0, 0, 1, 1])
    }
    let canonical = try graph.canonical()
    #expect(canonical.repeatedWeights == ["w_out"])
    let packed = canonical.packingRepeatedWeights()
    try packed.validate()
    let half = TensorData(shape: [1], floats: [0.5])
    #expect(packed.nodes.first?.op == (hasMargins ? .tile : .constantOfShape(value: half)))
    #expect(packed.repeatedWeights.isEmpty)
    let again = try packed.canonical()
    #expect(again.nodes == canonical.nodes)
    #expect(again.weights == canonical.weights)
    #expect(again.repeatedWeights == ["w_out"])
    #expect(again.packingRepeatedWeights() == packed)
  }

  // MARK: Masks

  /// What shuts places out by infinite numbers is no weight; a vector of which one number became infinite is.
  @Test func infiniteMasksAreNotLearned() throws {
    var builder = GraphBuilder("masked", seed: 3)
    let x = builder.input("x", [.symbolic("batch"), .fixed(4), .fixed(4)])
    let late = (0..<16).map { $0 % 4 > $0 / 4 ? -Float.infinity : 0 }
    let causal = builder.weight("causal", TensorData(shape: [4, 4], floats: late))
    let padding = builder.weight("padding", TensorData(shape: [4], floats: [0, 0, 0, -.infinity]))
    let bias = builder.weight("bias", TensorData(shape: [4], floats: [0.5, 0, 0.25, .infinity]))
    let broken = builder.weight("broken", TensorData(shape: [4], floats: [0, .nan, 0, -.infinity]))
    var y = x
    for name in [causal, padding, bias, broken] { y = builder.add("add.\(name)", y, name) }
    let graph = try builder.finished(output: y, as: "y", shape: [.symbolic("batch"), .fixed(4), .fixed(4)])
    let roles = graph.weightRoles()
    #expect(roles["causal"] == .constant)
    #expect(roles["padding"] == .constant)
    #expect(roles["bias"] == .trainable)
    #expect(roles["broken"] == .trainable)
    #expect(graph.operandWeights() == ["bias", "broken"])
    #expect(graph.parameterCount == 8)
  }
}
