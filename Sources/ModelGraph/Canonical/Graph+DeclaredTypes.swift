// Inputs and outputs keep the types that the file declares (`ValueInfo.declaredType`), whatever is computed with between them.
extension Graph {
  /// What the names of these nodes begin with.
  private static let borderPrefix = "coppice.border."

  /// The network as files hold it: inputs and outputs have their declared types, and a Cast behind each such input and before each
  /// such output leads to and from the type that is computed with.
  package func castingBorders() -> Graph {
    var result = self
    for position in inputs.indices {
      guard let declared = inputs[position].declaredType else { continue }
      let (name, type) = (inputs[position].name, inputs[position].elementType)
      let inner = result.unusedName("\(name).\(type.rawValue)")
      result.renameReaders(of: name, to: inner)
      result.nodes.insert(Self.border(name, Cast(to: type), from: name, to: inner), at: 0)
      result.inputs[position] = ValueInfo(name: name, elementType: declared, shape: inputs[position].shape)
    }
    // An input that is handed on has its type already.
    var done = Set(inputs.map(\.name))
    for position in outputs.indices {
      guard let declared = outputs[position].declaredType else { continue }
      let name = outputs[position].name
      result.outputs[position] = ValueInfo(name: name, elementType: declared, shape: outputs[position].shape)
      guard done.insert(name).inserted else { continue }
      let inner = result.unusedName("\(name).\(outputs[position].elementType.rawValue)")
      result.rename(name, to: inner)
      result.nodes.append(Self.border(name, Cast(to: declared), from: inner, to: name))
    }
    return result
  }

  /// The opposite, after the types of the file have become those that are computed with: values have their own names again.
  package func removingBorderCasts() -> Graph {
    guard nodes.contains(where: { $0.name.hasPrefix(Self.borderPrefix) }) else { return self }
    var result = self
    let declaredInputs = Set(inputs.filter { $0.declaredType != nil }.map(\.name))
    let declaredOutputs = Set(outputs.filter { $0.declaredType != nil }.map(\.name))
    let fixed = Set(inputs.map(\.name)).union(outputs.map(\.name))
    for node in nodes where node.name.hasPrefix(Self.borderPrefix) {
      guard case .cast(let cast) = node.op, cast.to == .float32, node.inputs.count == 1, node.outputs.count == 1 else {
        continue
      }
      let (x, y) = (node.inputs[0], node.outputs[0])
      if declaredInputs.contains(x), !fixed.contains(y) {
        result.nodes.removeAll { $0.name == node.name && $0.outputs == [y] }
        result.renameReaders(of: y, to: x)
      } else if declaredOutputs.contains(y), !fixed.contains(x) {
        result.nodes.removeAll { $0.name == node.name && $0.outputs == [y] }
        result.rename(x, to: y)
      }
    }
    return result
  }

  private static func border(_ name: String, _ cast: Cast, from x: String, to y: String) -> Node {
    Node(name: borderPrefix + name, op: .cast(cast), inputs: [x], outputs: [y])
  }

  private mutating func renameReaders(of name: String, to other: String) {
    for position in nodes.indices { nodes[position].inputs = nodes[position].inputs.map { $0 == name ? other : $0 } }
  }

  /// The value under another name where it is made and read, but for the list of outputs.
  private mutating func rename(_ name: String, to other: String) {
    renameReaders(of: name, to: other)
    for position in nodes.indices { nodes[position].outputs = nodes[position].outputs.map { $0 == name ? other : $0 } }
    if let weight = weights.removeValue(forKey: name) { weights[other] = weight }
  }
}
