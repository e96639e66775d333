import ArgumentParser
import ChannelGroups
import Foundation
import ModelGraph
import Support

/// Shows what a network is made of and what of it can leave. Needs no libtorch.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show a network's layers, shapes, counts and prunable groups.")

  @Argument(help: "An ONNX file, or builtin:NAME (\(BuiltinNetworks.names.joined(separator: ", "))).")
  var model: String
  @Option(help: "A safetensors file with the weights.") var weights: String?
  @Flag(help: "Print JSON instead of tables.") var json = false

  func run() throws {
    let inspection = try NetworkInspection(NetworkFile.load(argument: model, weights: weights))
    print(json ? try JSONText.of(inspection) : inspection.text)
  }
}

/// What `inspect` shows, as values.
struct NetworkInspection: Encodable {
  struct Layer: Encodable {
    let name: String
    let op: String
    let outputShape: [Int]
    let parameters: Int
    let macs: Int
  }

  struct Group: Encodable {
    let name: String
    let units: Int
    let layers: [String]
    let pinned: String?
  }

  let network: String
  let parameters: Int
  let macs: Int
  let layers: [Layer]
  let groups: [Group]

  init(_ graph: Graph) throws {
    let shapes = try graph.shapes()
    let roles = graph.weightRoles()
    let macs = Dictionary(
      try graph.multiplyAccumulatesByNode().map { ($0.node, $0.count) }, uniquingKeysWith: { first, _ in first })
    network = graph.name
    parameters = graph.parameterCount
    self.macs = try graph.multiplyAccumulates()
    layers = graph.nodes.map { node in
      let trainable = node.inputs.filter { roles[$0] == .trainable }
      return Layer(
        name: node.name, op: node.op.onnxName, outputShape: shapes[node.outputs.first ?? ""] ?? [],
        parameters: trainable.reduce(0) { $0 + (graph.weights[$1]?.elementCount ?? 0) }, macs: macs[node.name] ?? 0)
    }
    let analysis = try ChannelAnalysis(graph)
    groups = (analysis.groups + analysis.pinnedGroups).map {
      Group(name: $0.name, units: $0.units.count, layers: $0.layers, pinned: $0.pinned)
    }
  }

  var text: String {
    var lines = ["\(network): \(Units.count(parameters)) parameters, \(Units.count(macs)) MACs for one sample", ""]
    lines += Self.aligned(
      [["layer", "operator", "output", "parameters", "MACs"]]
        + layers.map {
          [
            $0.name, $0.op, $0.outputShape.map(String.init).joined(separator: "x"),
            $0.parameters == 0 ? "" : "\($0.parameters)", $0.macs == 0 ? "" : "\($0.macs)",
          ]
        }, rightFrom: 3)
    lines += ["", "Groups of channels that leave together:"]
    lines += Self.aligned(
      [["group", "units", "layers"]]
        + groups.map { group in
          let layers = group.layers.prefix(6).joined(separator: ", ")
          let more = group.layers.count > 6 ? ", and \(group.layers.count - 6) more" : ""
          return [group.name, "\(group.units)", group.pinned.map { "kept: \($0)" } ?? layers + more]
        })
    return lines.joined(separator: "\n")
  }

  /// Columns padded to their widest cell; those from `rightFrom` on stand to the right.
  private static func aligned(_ rows: [[String]], rightFrom: Int = .max) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
    return rows.map { row in
      row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        if column >= rightFrom { return padding + row[column] }
        return column == columns - 1 ? row[column] : row[column] + padding
      }.joined(separator: "  ")
    }
  }
}
