import ModelGraph
import Testing

@Suite struct WeightRoleTests {
  private func roles(_ nodes: [Node], _ weights: [String: TensorData]) -> [String: WeightRole] {
    Graph(name: "g", inputs: [], outputs: [], nodes: nodes, weights: weights).weightRoles()
  }

  private func node(_ op: Operator, _ inputs: String..., output: String = "y") -> Node {
    Node(name: output, op: op, inputs: inputs, outputs: [output])
  }

  private let vector = TensorData.zeros([3])

  @Test func learnedWeightsAreTrainable() {
    let recurrent = node(
      .recurrent(Recurrent(cell: .lstm)), "x", "w", "r", "b", "lengths", "h", "c", "p")
    let weights = Dictionary(uniqueKeysWithValues: ["w", "r", "b", "h", "c", "p"].map { ($0, vector) })
    let found = roles([recurrent], weights)
    #expect(["w", "r", "b", "p"].allSatisfy { found[$0] == .trainable })
    #expect(["h", "c"].allSatisfy { found[$0] == .constant })
    #expect(
      roles([node(.elementwise(.parametricRelu), "x", "slope")], ["slope": .zeros([1])]) == ["slope": .trainable])
    #expect(
      roles([node(.layerNormalization(AxisNormalization()), "x", "s", "b")], ["s": vector, "b": vector])
        == ["s": .trainable, "b": .trainable])
  }

  @Test func numbersAndIntegersAreConstants() {
    let weights = ["one": TensorData.zeros([1]), "many": vector, "whole": TensorData(shape: [3], integers: [1, 2, 3])]
    let nodes = [
      node(.elementwise(.multiply), "x", "one", output: "a"), node(.elementwise(.add), "a", "many", output: "b"),
      node(.elementwise(.add), "i", "whole", output: "c"), node(.clip, "b", "one", output: "d"),
    ]
    #expect(roles(nodes, weights) == ["one": .constant, "many": .trainable, "whole": .constant])
  }

  /// Integers that a layer multiplies with are learned ones, whether they are dequantised before it or by it.
  @Test func quantizedWeightsAreCounted() throws {
    let bytes = try TensorData(.int8, shape: [2, 3, 1, 1], bytes: .init(count: 6))
    let sums = try TensorData(.int32, shape: [2], bytes: .init(count: 8))
    let (scale, zero) = (TensorData.zeros([]), try TensorData(.int8, shape: [], bytes: .init(count: 1)))
    let direct = node(
      .quantizedConvolution(Convolution()), "x", "s", "z", "w", "s", "z", "s", "z", "b", output: "a")
    let before = [
      node(.dequantizeLinear(DequantizeLinear()), "w", "s", "z", output: "floats"),
      node(.dequantizeLinear(DequantizeLinear()), "b", "s", output: "bias"),
      node(.convolution(Convolution()), "x", "floats", "bias", output: "c"),
    ]
    let weights = ["w": bytes, "b": sums, "s": scale, "z": zero]
    for nodes in [[direct], before] {
      #expect(roles(nodes, weights) == ["w": .quantized, "b": .quantized, "s": .constant, "z": .constant])
      let graph = Graph(name: "g", inputs: [], outputs: [], nodes: nodes, weights: weights)
      #expect(graph.parameterCount == 8)
    }
  }

  @Test func tablesHaveTwoAxes() {
    let weights = ["table": TensorData.zeros([5, 2]), "list": vector]
    let nodes = [
      node(.gather(axis: 0), "table", "ids", output: "a"), node(.gather(axis: 0), "list", "ids", output: "b"),
    ]
    #expect(roles(nodes, weights) == ["table": .trainable, "list": .constant])
  }

  /// Through a chain that only changes how the weight lies, and not through one that computes with it.
  @Test func rolesPassThroughReshapes() throws {
    let shape = TensorData(shape: [2], integers: [3, 1])
    let nodes = [
      node(.cast(Cast(to: .float32)), "half", output: "a"),
      node(.reshape(allowsZero: false), "a", "shape", output: "b"),
      node(.transpose(permutation: []), "b", output: "c"), node(.matrixProduct, "x", "c", output: "d"),
      node(.activation(.relu), "other", output: "e"), node(.matrixProduct, "x", "e", output: "f"),
      node(.identity, "unread", output: "g"),
    ]
    let half = try TensorData(.float16, shape: [3], bytes: .init(count: 6))
    let found = roles(nodes, ["half": half, "shape": shape, "other": vector, "unread": vector])
    #expect(found == ["half": .trainable, "shape": .constant, "other": .constant, "unread": .constant])
  }

  @Test func trainableWinsOverOtherReadings() {
    let nodes = [
      node(.batchNormalization(BatchNormalization()), "x", "a", "b", "a", "v", output: "y"),
      node(.reduce(Reduction(.l2)), "v", output: "n"),
    ]
    let found = roles(nodes, ["a": vector, "b": vector, "v": vector])
    #expect(found == ["a": .trainable, "b": .trainable, "v": .statistic])
  }
}
