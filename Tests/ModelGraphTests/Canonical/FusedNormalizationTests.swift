import ModelGraph
import TestSupport
import Testing

/// Normalisations in pieces: one node where the pieces are one, and left alone where something else reads them.
@Suite struct FusedNormalizationTests {
  /// The ways in which the same is written.
  struct Form: CustomTestStringConvertible {
    var name: String
    /// Axes of `[N, 3, 4, 6]`.
    var axes = [-1]
    var scale: [Int] = [6]
    var isCentred = true
    var subtractsTwice = false
    var squaresByProduct = false
    var usesReciprocal = false
    var hasShift = true
    /// A piece that the network gives out.
    var output: String?
    var sharesScale = false
    var isFused = true
    var testDescription: String { name }

    func graph() throws -> Graph {
      var builder = GraphBuilder(name, seed: 4)
      let shape: [Dimension] = [.symbolic("batch"), .fixed(3), .fixed(4), .fixed(6)]
      var x = builder.relu("before", builder.input("input", shape))
      let source = x
      if isCentred {
        let mean = builder.reduceMean("mean", x, axes: axes, keepsAxes: true)
        x = builder.node("centred", .elementwise(.subtract), source, mean)
        if subtractsTwice { _ = builder.node("again", .elementwise(.subtract), source, mean) }
      }
      let square =
        squaresByProduct
        ? builder.multiply("square", x, x)
        : builder.node("square", .elementwise(.power), x, builder.scalar("two", 2))
      let variance = builder.reduceMean("variance", square, axes: axes, keepsAxes: true)
      let root = builder.node(
        "root", .unary(.squareRoot), builder.add("moved", builder.scalar("epsilon", 0x1p-7), variance))
      let above = subtractsTwice ? "again_out" : x
      var y =
        usesReciprocal
        ? builder.multiply("normal", above, builder.node("inverse", .unary(.reciprocal), root))
        : builder.node("normal", .elementwise(.divide), above, root)
      let weight = builder.constant("norm.weight", scale)
      y = builder.multiply("scaled", weight, y)
      if hasShift { y = builder.add("shifted", y, builder.constant("norm.bias", scale)) }
      if sharesScale { y = builder.multiply("more", y, weight) }
      let z = builder.relu("after", y)
      var outputs = [(z, ValueInfo(name: "y", shape: shape))]
      if let output { outputs.append((output, ValueInfo(name: "piece", shape: shape))) }
      return try builder.finished(outputs: outputs.map { (value: $0.0, info: $0.1) })
    }
  }

  static let forms: [Form] = [
    Form(name: "one axis"), Form(name: "two axes", axes: [2, 3], scale: [4, 6]),
    Form(name: "a scale with more axes", scale: [1, 1, 6]), Form(name: "no shift", hasShift: false),
    Form(name: "two differences", subtractsTwice: true),
    Form(name: "product and reciprocal", squaresByProduct: true, usesReciprocal: true),
    Form(name: "no centre", isCentred: false, hasShift: false, isFused: false),
    Form(name: "a piece is an output", output: "centred_out", isFused: false),
    Form(name: "the scale is read twice", sharesScale: true, isFused: false),
    Form(name: "channels in front", axes: [1], scale: [3, 1, 1], isFused: false),
    Form(name: "a scale for each row", scale: [4, 6], isFused: false),
    Form(name: "a single number as scale", scale: [1], isFused: false),
  ]

  @Test(arguments: forms) func becomesOneNode(_ form: Form) throws {
    let graph = try form.graph()
    let canonical = try graph.canonical()
    let x = ReferenceTensor.random(shape: [2, 3, 4, 6], seed: 3)
    let (one, two) = try (
      ReferenceExecutor.outputs(of: graph, inputs: ["input": x]),
      ReferenceExecutor.outputs(of: canonical, inputs: ["input": x])
    )
    for (name, tensor) in one { #expect(tensor.largestDifference(from: two[name] ?? .zeros([1])) < 1e-12, "\(name)") }
    #expect(canonical.parameterCount == graph.parameterCount)
    #expect(try canonical.canonical() == canonical)
    let operators = canonical.nodes.map(\.op.onnxName)
    if form.isFused {
      #expect(operators == ["Relu", "LayerNormalization", "Relu"])
      #expect(canonical.nodes[1].name == (form.hasShift ? "shifted" : "scaled"))
    } else {
      #expect(operators.contains("Sqrt"))
    }
  }
}
