import ModelGraph
import Testing

@Suite struct ShapeInferenceTests {
  /// Many nodes of a few bytes each may ask for any number of bytes: 256 MiB are held, and the rest keeps its shape alone.
  @Test func constantsThatInferenceComputesAreBounded() throws {
    let bytes = Node.inferenceLimit * 8
    let (held, count) = ((256 << 20) / bytes, (256 << 20) / bytes + 100)
    let value = TensorData(shape: [1], integers: [7])
    let graph = Graph(
      name: "bombs", inputs: [], outputs: [],
      nodes: (0..<count).map {
        Node(name: "n\($0)", op: .constantOfShape(value: value), inputs: ["size"], outputs: ["y\($0)"])
      }, weights: ["size": TensorData(shape: [1], integers: [Int64(Node.inferenceLimit)])])
    let facts = try graph.facts()
    #expect((0..<count).allSatisfy { facts["y\($0)"]?.shape == [Node.inferenceLimit] })
    #expect((0..<count).filter { facts["y\($0)"]?.constant != nil } == Array(0..<held))

    var room = ComputedBytes()
    #expect(room.holding(ValueFact(.zeros([256 << 18]))).constant != nil)
    #expect(room.holding(ValueFact(.zeros([1]))).constant == nil)
  }

  private func shape(_ op: Operator, _ inputs: [[Int]?]) throws -> [Int] {
    let names = inputs.enumerated().map { $1 == nil ? "" : "x\($0)" }
    let facts = inputs.map { shape in shape.map { ValueFact(.float32, shape: $0) } }
    return try Node(name: "n", op: op, inputs: names, outputs: ["y"]).outputFacts(of: facts)[0].shape ?? []
  }

  @Test(arguments: [
    (1, 0, 1, 26), (2, 0, 1, 13), (2, 1, 1, 14), (1, 1, 2, 26), (3, 2, 2, 10),
  ]) func convolution(stride: Int, padding: Int, dilation: Int, size: Int) throws {
    let op = Operator.convolution(
      Convolution(
        kernel: [3, 3], strides: [stride, stride], padding: Padding(all: padding), dilations: [dilation, dilation]))
    #expect(try shape(op, [[2, 5, 28, 28], [7, 5, 3, 3], [7]]) == [2, 7, size, size])
  }

  /// The windows counted one by one: each starts inside the input or its leading border.
  @Test(arguments: 1...12) func ceilModePooling(size: Int) throws {
    for (kernel, stride, padding) in [(2, 2, 0), (3, 2, 0), (3, 2, 1), (2, 3, 1)] where size + 2 * padding >= kernel {
      let op = Operator.maxPool(
        Pooling(
          kernel: [kernel, kernel], strides: [stride, stride], padding: Padding(all: padding), ceilMode: true))
      var windows = 1
      while windows * stride < size + padding, windows * stride - stride + kernel < size + 2 * padding { windows += 1 }
      #expect(try shape(op, [[1, 1, size, size]]) == [1, 1, windows, windows], "kernel \(kernel), stride \(stride)")
    }
  }

  @Test func reindexing() throws {
    #expect(try shape(.flatten(axis: -1), [[2, 3, 4]]) == [6, 4])
    #expect(try shape(.concat(axis: 1), [[2, 3, 4], [2, 5, 4]]) == [2, 8, 4])
    #expect(try shape(.elementwise(.multiply), [[2, 3, 4, 4], [2, 3, 1, 1]]) == [2, 3, 4, 4])
  }

  /// Operators that the onnx package has no case of.
  @Test func regionsAndPowers() throws {
    #expect(try shape(.globalLpPool(p: 2), [[2, 3, 4, 5, 6]]) == [2, 3, 1, 1, 1])
    #expect(
      try shape(.maxRegionPool(pooledShape: [7, 6], spatialScale: 1), [[1, 3, 20, 20], [5, 5]]) == [5, 3, 7, 6])
  }

  /// A target that is computed from the input's own shape, as exporters write a flattening.
  @Test func computedTargetsFollowFromShapes() throws {
    let nodes = [
      Node(name: "shape", op: .shape(start: 0, end: nil), inputs: ["x"], outputs: ["s"]),
      Node(name: "gather", op: .gather(axis: 0), inputs: ["s", "zero"], outputs: ["n"]),
      Node(name: "unsqueeze", op: .unsqueeze, inputs: ["n", "axes"], outputs: ["u"]),
      Node(name: "concat", op: .concat(axis: 0), inputs: ["u", "rest"], outputs: ["target"]),
      Node(name: "reshape", op: .reshape(allowsZero: false), inputs: ["x", "target"], outputs: ["y"]),
    ]
    let graph = Graph(
      name: "g", inputs: [ValueInfo(name: "x", shape: [.symbolic("batch"), .fixed(3), .fixed(4)])],
      outputs: [ValueInfo(name: "y", shape: [.symbolic("batch"), .fixed(12)])], nodes: nodes,
      weights: [
        "zero": TensorData(shape: [], integers: [0]), "axes": TensorData(shape: [1], integers: [0]),
        "rest": TensorData(shape: [1], integers: [-1]),
      ])
    #expect(try graph.shapes(binding: ["batch": 5])["y"] == [5, 12])
    #expect(try graph.facts(binding: ["batch": 5])["target"]?.constant?.integers == [5, -1])
  }

  @Test func misfitsNameTheNodeAndTheShapes() {
    let wrong: [(Operator, [[Int]?])] = [
      (.convolution(Convolution(kernel: [3, 3])), [[1, 4, 8, 8], [7, 5, 3, 3]]),
      (.convolution(Convolution(kernel: [9, 9])), [[1, 4, 8, 8], [7, 4, 9, 9]]),
      (.gemm(Gemm()), [[2, 3], [5, 4]]), (.elementwise(.add), [[2, 3], [2, 4]]), (.concat(axis: 3), [[2, 3]]),
      (.batchNormalization(BatchNormalization()), [[1, 4, 8, 8], [4], [4], [5], [4]]),
    ]
    for (op, inputs) in wrong {
      let error = #expect(throws: GraphError.self, "\(op)") { try shape(op, inputs) }
      #expect(error?.code == .shapeMismatch)
      #expect(error?.message.contains("'n'") == true)
      #expect(error?.message.contains("\(inputs[0] ?? [])") == true)
    }
  }
}
