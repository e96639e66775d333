import Foundation

// What is said of a network besides its nodes and weights travels in its metadata, so that it survives files.
extension Graph {
  private static let frozenKey = "coppice.frozen"
  private static let statePairsKey = "coppice.state-pairs"

  /// Weights that training leaves alone.
  package var frozenWeights: Set<String> {
    get { Set(decoded([String].self, Self.frozenKey) ?? []) }
    set { encode(newValue.isEmpty ? nil : newValue.sorted(), Self.frozenKey) }
  }

  /// Declared recurrent states: for an input the output that takes its place in the next step.
  package var declaredStatePairs: [String: String] {
    get { decoded([String: String].self, Self.statePairsKey) ?? [:] }
    set { encode(newValue.isEmpty ? nil : newValue, Self.statePairsKey) }
  }

  private func decoded<Value: Decodable>(_ type: Value.Type, _ key: String) -> Value? {
    metadata[key].flatMap { try? JSONDecoder().decode(type, from: Data($0.utf8)) }
  }

  private mutating func encode<Value: Encodable>(_ value: Value?, _ key: String) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    metadata[key] = value.flatMap { try? encoder.encode($0) }.map { String(decoding: $0, as: UTF8.self) }
  }

  /// The value that the loss takes in place of the first output: what goes into a trailing Softmax, LogSoftmax or Sigmoid
  /// over classes, which the loss applies itself (more exactly, and only once), else the output. Nil without outputs.
  package var scoresValue: String? {
    guard var value = outputs.first?.name else { return nil }
    while let node = nodes.last(where: { $0.outputs.first == value }) {
      switch node.op {
      case .identity: value = node.inputs[0]
      case .softmax(let axis), .logSoftmax(let axis):
        // Over the classes, which are the last axis of two.
        return axis == -1 || axis == 1 ? node.inputs[0] : value
      case .activation(.sigmoid): return node.inputs[0]
      default: return value
      }
    }
    return value
  }
}
