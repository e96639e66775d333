import ModelGraph

/// The order of a network's work with every name replaced by a number, made once per network.
///
/// A reference below `weightNames.count` is a weight; the others are values of one run, in slots from zero.
struct ExecutionPlan {
  struct Step {
    let node: Int
    let kernel: Kernel
    /// References; -1 stands for an absent input.
    let arguments: [Int]
    /// The slot of the result.
    let result: Int
    /// Slots that nothing reads after this step.
    let released: [Int]
    /// The rectifier may write over its argument when nobody watches.
    let overwrites: Bool
  }

  let weightNames: [String]
  let steps: [Step]
  let slotCount: Int
  /// The slots of the network's inputs, in its order.
  let inputSlots: [Int]
  /// The references of the network's outputs, in its order.
  let outputs: [Int]

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

    var drafts: [(kernel: Kernel, arguments: [Int], result: Int)] = []
    for node in graph.nodes {
      let kernel = try Kernel(node)
      let arguments = node.inputs.map { $0.isEmpty ? -1 : references[$0] ?? -1 }
      drafts.append((kernel, arguments, newSlot(node.outputs[0])))
    }
    slotCount = slots
    outputs = graph.outputs.map { references[$0.name] ?? -1 }

    let kept = Set(outputs)
    var readers = [Int](repeating: 0, count: slots)
    var lastReader = [Int](repeating: -1, count: slots)
    var producer = [Int](repeating: -1, count: slots)
    for (position, draft) in drafts.enumerated() {
      for reference in draft.arguments where reference >= weightCount {
        readers[reference - weightCount] += 1
        lastReader[reference - weightCount] = position
      }
      producer[draft.result] = position
      // A result that nothing reads is dropped at once.
      lastReader[draft.result] = position
    }
    var released = [[Int]](repeating: [], count: drafts.count)
    for slot in 0..<slots where lastReader[slot] >= 0 && !kept.contains(weightCount + slot) {
      released[lastReader[slot]].append(slot)
    }
    steps = drafts.enumerated().map { position, draft in
      var overwrites = false
      if case .relu = draft.kernel, let reference = draft.arguments.first, reference >= weightCount {
        let slot = reference - weightCount
        overwrites =
          readers[slot] == 1 && !kept.contains(reference) && producer[slot] >= 0
          && drafts[producer[slot]].kernel.leavesItsResultFree
      }
      return Step(
        node: position, kernel: draft.kernel, arguments: draft.arguments, result: draft.result,
        released: released[position], overwrites: overwrites)
    }
  }
}
