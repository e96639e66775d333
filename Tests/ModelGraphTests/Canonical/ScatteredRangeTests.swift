import ModelGraph
import TestSupport
import Testing

/// A ScatterND by the positions of a box, as exporters write an assignment to a part of a tensor.
@Suite struct ScatteredRangeTests {
  struct Box: CustomTestStringConvertible {
    var name: String
    /// Of the indices: the axes that are walked, then how many axes a position names.
    var lead: [Int]
    /// A position for each index of the axes before.
    var position: @Sendable ([Int]) -> [Int]
    /// Of the updates.
    var updates: [Int]
    var expected: Set<String>
    var testDescription: String { name }
  }

  /// Into data of shape [2, 5, 3].
  static let boxes: [Box] = [
    Box(name: "row", lead: [1], position: { _ in [1] }, updates: [1, 5, 3], expected: ["Slice", "Concat"]),
    Box(
      name: "row from the end", lead: [1], position: { _ in [-2] }, updates: [1, 5, 3], expected: ["Slice", "Concat"]),
    Box(
      name: "row without a list", lead: [], position: { _ in [1] }, updates: [5, 3],
      expected: ["Reshape", "Slice", "Concat"]),
    Box(
      name: "middle of every row", lead: [2, 2, 3], position: { [$0[0], $0[1] + 1, $0[2]] }, updates: [2, 2, 3],
      expected: ["Slice", "Concat"]),
    Box(
      name: "end of every row", lead: [2, 2], position: { [$0[0], $0[1] + 3] }, updates: [2, 2, 3],
      expected: ["Slice", "Concat"]),
    Box(
      name: "part of one row", lead: [1, 2], position: { [1, $0[1] + 1] }, updates: [1, 2, 3],
      expected: ["Slice", "Concat"]),
    Box(
      name: "one column", lead: [2], position: { [$0[0], 4] }, updates: [2, 3],
      expected: ["Reshape", "Slice", "Concat"]),
    Box(name: "everything", lead: [2], position: { [$0[0]] }, updates: [2, 5, 3], expected: []),
    Box(name: "backwards", lead: [2], position: { [1 - $0[0]] }, updates: [2, 5, 3], expected: ["ScatterND"]),
    Box(
      name: "every second", lead: [2, 2], position: { [$0[0], 2 * $0[1]] }, updates: [2, 2, 3], expected: ["ScatterND"]),
    Box(name: "diagonal", lead: [2], position: { [$0[0], $0[0]] }, updates: [2, 3], expected: ["ScatterND"]),
    Box(name: "twice", lead: [2], position: { _ in [0] }, updates: [2, 5, 3], expected: ["ScatterND"]),
  ]

  @Test(arguments: boxes) func becomesSlicesAndAJoin(_ box: Box) throws {
    var builder = GraphBuilder(box.name, seed: 3)
    let data = builder.input("data", [.fixed(2), .fixed(5), .fixed(3)])
    let updates = builder.input("updates", box.updates.map { .fixed($0) })
    let count = box.position(box.lead.map { _ in 0 }).count
    let numbers = ReferenceTensor.indices(box.lead).flatMap(box.position).map(Int64.init)
    let list = builder.weight("list", TensorData(shape: box.lead + [count], integers: numbers))
    let before = builder.relu("before", data)
    let changed = builder.node("put", .scatterND(reduction: .none), before, list, builder.relu("new", updates))
    let y = builder.relu("after", changed)
    let dense = try builder.finished(output: y, as: "y", shape: [.fixed(2), .fixed(5), .fixed(3)])
    let graph = try dense.canonical(makesBatchDynamic: false)
    let added = Set(graph.nodes.map(\.op.onnxName)).subtracting(["Relu"])
    #expect(added == box.expected)
    let inputs = [
      "data": ReferenceTensor.random(shape: [2, 5, 3], seed: 1),
      "updates": ReferenceTensor.random(shape: box.updates, seed: 2),
    ]
    let one = try #require(ReferenceExecutor.outputs(of: dense, inputs: inputs)["y"])
    let two = try #require(ReferenceExecutor.outputs(of: graph, inputs: inputs)["y"])
    #expect(one.largestDifference(from: two) == 0)
  }
}
