import ChannelGroups
import ModelGraph

/// Which groups are built alike, for rankings in which only those compete (Fang and others 2024, "Isomorphic pruning for vision
/// models", section 3).
///
/// A group's structure is the list of all weights that lose something with one of its units: what operator reads each and where,
/// along which axis, whether it makes the unit or reads it, and a convolution's kernel size and whether it is grouped; and
/// whether the group has blocks. Sizes have no part in it. The paper compares the subgraphs themselves; activations between the
/// layers, which hold no weights, are not looked at here.
package enum StructureClasses {
  /// By group name; equal words mean equal structure.
  package static func structures(of groups: [ChannelGroup], in graph: Graph) -> [String: String] {
    var readers: [String: [(node: Node, position: Int)]] = [:]
    for node in graph.nodes {
      for (position, input) in node.inputs.enumerated() where graph.weights[input] != nil {
        readers[input, default: []].append((node, position))
      }
    }
    var result: [String: String] = [:]
    for group in groups {
      var seen = Set<[String]>()
      var words: [String] = []
      for slice in group.units.first?.slices ?? [] {
        let part = [slice.isOutput ? "makes" : "reads", "\(slice.axis)"]
        guard seen.insert([slice.weight] + part).inserted else { continue }
        for (node, position) in readers[slice.weight] ?? [] {
          words.append(([word(of: node, at: position, in: graph)] + part).joined(separator: " "))
        }
      }
      result[group.name] = (words.sorted() + (group.blocks.isEmpty ? [] : ["blocks"])).joined(separator: "; ")
    }
    return result
  }

  /// The same for single weights, by weight name: the operator that reads it and the kernel's size.
  package static func structures(of weights: [PrunableWeight], in graph: Graph) -> [String: String] {
    let layers = Dictionary(graph.nodes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var result: [String: String] = [:]
    for weight in weights {
      guard let node = layers[weight.layer], let position = node.inputs.firstIndex(of: weight.weight) else { continue }
      result[weight.weight] = word(of: node, at: position, in: graph)
    }
    return result
  }

  private static func word(of node: Node, at position: Int, in graph: Graph) -> String {
    var word = "\(node.op.onnxName) \(position)"
    guard node.kernelPositions == [1], position == 1, let shape = graph.weights[node.inputs[1]]?.shape else {
      return word
    }
    word += " " + shape.dropFirst(2).map(String.init).joined(separator: "x")
    var groups = 1
    if case .convolution(let window) = node.op { groups = window.groups }
    if case .transposedConvolution(let transposed) = node.op { groups = transposed.window.groups }
    if case .deformableConvolution(let deformable) = node.op { groups = deformable.window.groups }
    return groups > 1 ? word + " grouped" : word
  }
}
