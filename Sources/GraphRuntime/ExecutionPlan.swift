import ModelGraph

/// The order of a network's work with every name replaced by a number, made once per network.
///
/// A reference below `weightNames.count` is a weight; the others are values of one run, in slots from zero.
struct ExecutionPlan {
  struct Step {
    let node: Int
    let body: KernelBody
    /// References; -1 stands for an absent input.
    let arguments: [Int]
    /// Constant integer inputs by position, so that a kernel need not copy them from a device.
    let constantIntegers: [[Int]?]
    /// The slots of the results by output; -1 for one that is not wanted.
    let results: [Int]
    /// Slots that nothing reads after this step.
    let released: [Int]
    /// The kernel may write over its first argument when nobody watches.
    let overwrites: Bool
  }

  let weightNames: [String]
  let steps: [Step]
  let slotCount: Int
  /// The slots of the network's inputs, in its order.
  let inputSlots: [Int]
  /// The references of the network's outputs, in its order.
  let outputs: [Int]
  /// The reference of what the loss takes (`Graph.scoresValue`); nil for a network without outputs.
  let scores: Int?

  /// The graph must be valid (`Graph.validate`).
  init(_ graph: Graph) throws {
    weightNames = graph.weights.keys.sorted()
    var references: [String: Int] = [:]
    for (position, name) in weightNames.enumerated() { references[name] = position }
    let weightCount = weightNames.count
    var slots = 0
    func newSlot(_ name: String) -> Int {
      references[name] = weightCount + slots
      slots += 1
      return slots - 1
    }
    inputSlots = graph.inputs.map { newSlot($0.name) }

    var drafts: [(body: KernelBody, context: KernelContext, arguments: [Int], results: [Int])] = []
    let types = graph.holdsNarrowNumbers ? try graph.facts().mapValues(\.elementType) : [:]
    for node in graph.nodes {
      let context = KernelContext(node, in: graph, types: types)
      let body = try context.kernelBody()
      let arguments = node.inputs.map { $0.isEmpty ? -1 : references[$0] ?? -1 }
      let results = node.outputs.map { $0.isEmpty ? -1 : newSlot($0) }
      drafts.append((body, context, arguments, results))
    }
    slotCount = slots
    outputs = graph.outputs.map { references[$0.name] ?? -1 }

    scores = graph.scoresValue.flatMap { references[$0] }

    let kept = Set(outputs + (scores.map { [$0] } ?? []))
    var readers = [Int](repeating: 0, count: slots)
    var lastReader = [Int](repeating: -1, count: slots)
    var producer = [Int](repeating: -1, count: slots)
    for (position, draft) in drafts.enumerated() {
      for reference in draft.arguments where reference >= weightCount {
        readers[reference - weightCount] += 1
        lastReader[reference - weightCount] = position
      }
      for slot in draft.results where slot >= 0 {
        producer[slot] = position
        // A result that nothing reads is dropped at once.
        lastReader[slot] = position
      }
    }
    var released = [[Int]](repeating: [], count: drafts.count)
    for slot in 0..<slots where lastReader[slot] >= 0 && !kept.contains(weightCount + slot) {
      released[lastReader[slot]].append(slot)
    }
    steps = drafts.enumerated().map { position, draft in
      let node = draft.context.node
      var overwrites = false
      if node.op == .activation(.relu), let reference = draft.arguments.first, reference >= weightCount {
        let slot = reference - weightCount
        overwrites =
          readers[slot] == 1 && !kept.contains(reference) && producer[slot] >= 0
          && drafts[producer[slot]].results.first == slot
          && drafts[producer[slot]].context.node.op.leavesItsResultFree
      }
      return Step(
        node: position, body: draft.body, arguments: draft.arguments,
        constantIntegers: draft.context.shortLists, results: draft.results,
        released: released[position], overwrites: overwrites)
    }
  }
}
