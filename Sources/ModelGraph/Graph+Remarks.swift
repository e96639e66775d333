/// What a user should know of a network that was read, in one sentence.
package struct Remark: Sendable, Hashable {
  /// True where results may differ from what the user expects, or not be numbers.
  package let isWarning: Bool
  package let text: String

  /// A line for standard error.
  package var line: String { "\(isWarning ? "warning" : "note"): \(text)\n" }
}

extension Graph {
  /// What is read otherwise than ONNX has it, or will not work well: other types inside than outside, nodes in training mode, weights
  /// that are not finite. Looks at every weight once.
  package var remarks: [Remark] {
    [typesRemark, liveDropoutRemark, batchStatisticsRemark].compactMap { $0 } + nonFiniteWeightRemarks
  }

  private var typesRemark: Remark? {
    let border = (inputs + outputs).compactMap(\.declaredType).map(\.rawValue)
    let inside = convertedFrom
    guard !border.isEmpty || !inside.isEmpty else { return nil }
    let types = Set(border + inside).sorted().joined(separator: ", ")
    return Remark(
      isWarning: false,
      text: """
        '\(name)' holds \(types) numbers, and Coppice computes with float32: networks that it writes have the file's types of inputs \
        and outputs, and float32 weights where the file's narrower type does not hold the numbers exactly.
        """)
  }

  /// ONNX drops at random in such nodes whenever the network runs.
  private var liveDropoutRemark: Remark? {
    let live = nodes.filter { node in
      guard case .dropout = node.op, node.inputs.count > 2, !node.inputs[2].isEmpty else { return false }
      // A ratio of zero drops nothing.
      if let ratio = weights[node.inputs[1]], ratio.bytes.allSatisfy({ $0 == 0 }) { return false }
      return weights[node.inputs[2]].map { $0.bytes.contains { $0 != 0 } } ?? true
    }
    guard !live.isEmpty else { return nil }
    return Remark(
      isWarning: true,
      text: """
        \(Self.list(live)) may drop values at random whenever another runtime runs the network (training_mode); Coppice drops in \
        training only, so its results are those without dropout. Export the network for inference to have the same everywhere.
        """)
  }

  private var batchStatisticsRemark: Remark? {
    let training = nodes.filter { node in
      if case .batchNormalization(let attributes) = node.op { attributes.usesBatchStatistics } else { false }
    }
    guard !training.isEmpty else { return nil }
    return Remark(
      isWarning: true,
      text: """
        \(Self.list(training)) takes mean and variance of each batch instead of the stored ones (training_mode), as the file asks \
        for: results depend on the batch. Export the network for inference to have the stored ones.
        """)
  }

  /// "Node 'a' (Dropout)", or the first of several and how many there are.
  private static func list(_ nodes: [Node]) -> String {
    let first = nodes.first.map { "Node '\($0.name)' (\($0.op.onnxName))" } ?? ""
    return nodes.count > 1 ? "\(first), one of \(nodes.count) such nodes," : first
  }

  // MARK: Weights

  private var nonFiniteWeightRemarks: [Remark] {
    let roles = weightRoles()
    var found: [Remark] = []
    for name in weights.keys.sorted() {
      guard let role = roles[name], role != .constant, let weight = weights[name], weight.elementType == .float32 else {
        continue
      }
      let floats = weight.floats
      guard let place = floats.firstIndex(where: { !$0.isFinite }) else { continue }
      let count = floats.count { !$0.isFinite }
      let reader = nodes.first { $0.inputs.contains(name) }.map { " of node '\($0.name)' (\($0.op.onnxName))" } ?? ""
      let share = count == 1 ? "1 of its \(floats.count) numbers is" : "\(count) of its \(floats.count) numbers are"
      found.append(
        Remark(
          isWarning: true,
          text: """
            The weight '\(name)'\(reader) is \(floats[place]) at \(Self.coordinates(place, weight.shape)); \(share) not finite. What \
            is computed from it may not be finite either: train the network to finite weights, or prune these channels away.
            """))
    }
    let shown = 8
    guard found.count > shown else { return found }
    return found.prefix(shown) + [
      Remark(isWarning: true, text: "\(found.count - shown) more weights hold numbers that are not finite.")
    ]
  }

  private static func coordinates(_ place: Int, _ shape: [Int]) -> [Int] {
    var (rest, result) = (place, shape)
    for axis in shape.indices.reversed() {
      result[axis] = rest % max(shape[axis], 1)
      rest /= max(shape[axis], 1)
    }
    return result
  }
}
