import ArgumentParser
import ChannelGroups
import Foundation
import ModelGraph
import NetworkLoading
import Reporting
import StudyModel
import Support

/// Shows what a network is made of and what of it can leave. Needs no libtorch.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show a network's layers, shapes, counts and prunable groups.")

  @Argument(help: "An ONNX file, or builtin:NAME (\(BuiltinNetworks.names.joined(separator: ", "))).")
  var model: String
  @Option(help: "A safetensors file with weights to lay over the network's own.") var weights: String?
  @Option(help: ArgumentHelp("Give an integer input a fixed value. Can be repeated.", valueName: "input=value"))
  var set: [String] = []
  @Flag(help: "Print JSON instead of tables.") var json = false
  @Flag(help: "List every weight, and whether it is learned, measured, frozen or constant.") var tensors = false
  @Option(help: ArgumentHelp("Draw the graph, a colour for each group, into this SVG file.", valueName: "file"))
  var picture: String?

  func run() throws {
    var source = NetworkSource.parse(model, weights: weights)
    source.fixedInputs = try NamedValues.integers(set)
    let graph = try source.load()
    let analysis = try ChannelAnalysis(graph)
    if let picture {
      try DurableFile.write(
        Data(GraphPicture(graph, analysis: analysis).svg.utf8), to: URL(fileURLWithPath: picture))
    }
    let inspection = try NetworkInspection(graph, analysis)
    print(json ? try PrettyJSON.text(of: inspection) : inspection.text, terminator: json ? "\n" : "")
    if tensors, !json { print("\n" + inspection.tensorText, terminator: "") }
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

  struct Tensor: Encodable {
    let name: String
    let type: String
    let shape: [Int]
    /// "learned", "measured", "frozen" or "constant".
    let role: String
  }

  let network: String
  let parameters: Int
  let macs: Int
  let layers: [Layer]
  let groups: [Group]
  let weights: [Tensor]

  init(_ graph: Graph, _ analysis: ChannelAnalysis) throws {
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
    let frozen = graph.frozenWeights
    weights = graph.weights.sorted { $0.key < $1.key }.map { name, data in
      let role =
        switch roles[name] {
        case .trainable: frozen.contains(name) ? "frozen" : "learned"
        case .statistic: "measured"
        case .constant, nil: "constant"
        }
      return Tensor(name: name, type: data.elementType.rawValue, shape: data.shape, role: role)
    }
    groups = (analysis.groups + analysis.pinnedGroups).map {
      Group(name: $0.name, units: $0.units.count, layers: $0.layers, pinned: $0.pinned)
    }
  }

  var tensorText: String {
    var table = TextTable([("weight", .left), ("type", .left), ("shape", .left), ("role", .left)])
    for weight in weights {
      table.add([weight.name, weight.type, weight.shape.map(String.init).joined(separator: "x"), weight.role])
    }
    return table.text
  }

  var text: String {
    var layerTable = TextTable([
      ("layer", .left), ("operator", .left), ("output", .left), ("parameters", .right), ("MACs", .right),
    ])
    for layer in layers {
      layerTable.add([
        layer.name, layer.op, layer.outputShape.map(String.init).joined(separator: "x"),
        layer.parameters == 0 ? "" : "\(layer.parameters)", layer.macs == 0 ? "" : "\(layer.macs)",
      ])
    }
    var groupTable = TextTable([("group", .left), ("units", .right), ("layers", .left)])
    for group in groups {
      let more = group.layers.count > 6 ? ", and \(group.layers.count - 6) more" : ""
      let names = group.layers.prefix(6).joined(separator: ", ") + more
      groupTable.add([group.name, "\(group.units)", group.pinned.map { "kept: \($0)" } ?? names])
    }
    return """
      \(network): \(Units.count(parameters)) parameters, \(Units.count(macs)) MACs for one sample

      \(layerTable.text)
      Groups of channels that leave together:
      \(groupTable.text)
      """
  }
}
