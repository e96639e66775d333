import ArgumentParser
import ChannelGroups
import Foundation
import ModelFormats
import ModelGraph
import NetworkLoading
import Reporting
import Selection
import StudyModel
import Support

/// Shows what a network is made of and what of it can leave. Needs no libtorch.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show a network's layers, their sizes, and what can be pruned.")

  @Argument(
    help: "An ONNX file, builtin:NAME (\(BuiltinNetworks.names.joined(separator: ", "))), or a safetensors file.")
  var model: String
  @Option(help: "A safetensors file whose weights replace the network's own.") var weights: String?
  @Option(help: ArgumentHelp("Give an integer input this value. Can be repeated.", valueName: "input=value"))
  var set: [String] = []
  @Option(
    help: ArgumentHelp(
      "Count weights or layers of this name as frozen; * and ? stand for any text. Can be repeated.", valueName: "glob")
  )
  var freeze: [String] = []
  @Option(
    help: ArgumentHelp(
      "An input and an output that hold the same recurrent state, where this is not detected. Can be repeated.",
      valueName: "input=output"))
  var statePair: [String] = []
  @Option(help: ArgumentHelp("What would be removed: channel, head, unit or layer.", valueName: "name"))
  var granularity: Granularity = .channel
  @Flag(help: "Print for each group which rows and columns of which weights are removed with its units.") var units =
    false
  @Flag(help: "Print JSON instead of tables.") var json = false
  @Flag(help: "List every weight, and whether it is learned, quantised, measured, frozen or constant.") var tensors =
    false
  @Flag(help: "Show how each layer's weights are distributed: moments, zeros, a histogram.") var distribution = false
  @Option(help: ArgumentHelp("Change the weights first: none, log, standardize.", valueName: "name"))
  var transform: StatisticTransform = .none
  @Option(help: ArgumentHelp("Draw the graph, a colour for each group, into this SVG file.", valueName: "file"))
  var picture: String?

  func run() throws {
    var outputs = OutputFiles(sparing: [model, weights].compactMap { $0 }) { [model] in
      ONNXFile.dataFiles(of: URL(fileURLWithPath: model)).map(\.path)
    }
    let pictureFile = try picture.map { try outputs.file($0) }
    if model.hasSuffix(".safetensors") { return try StoredTensorList(path: model).print(asJSON: json) }
    let graph = try NetworkSource.parse(
      model, weights: weights, set: set, freeze: freeze, statePairs: statePair
    ).load()
    for remark in graph.remarks { StandardError.write(remark.line) }
    if distribution {
      let layers = LayerDistribution.all(of: graph, transform: transform)
      return print(
        json ? try PrettyJSON.text(of: layers) : LayerDistribution.text(layers), terminator: json ? "\n" : "")
    }
    let analysis = try StructuralAnalysis(graph, granularity: granularity)
    if let pictureFile {
      guard case .channels(let analysis) = analysis else {
        throw ValidationError("--picture shows channels; there is no picture of whole layers.")
      }
      try pictureFile.write(Data(GraphPicture(graph, analysis: analysis).svg.utf8))
    }
    let inspection = try NetworkInspection(graph, analysis, listsUnits: units)
    print(json ? try PrettyJSON.text(of: inspection) : inspection.text, terminator: json ? "\n" : "")
    if units, !json { print("\n" + analysis.groups.map { $0.describe() }.joined(separator: "\n")) }
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
    /// What leaves with each unit; where asked for.
    let members: [Unit]?
  }

  /// What leaves together.
  struct Unit: Encodable {
    let name: String?
    let slices: [Slice]
  }

  struct Slice: Encodable {
    let weight: String
    let axis: Int
    let indices: [Int]
    let produces: Bool
    let rows: [Int]?
  }

  struct Tensor: Encodable {
    let name: String
    let type: String
    let shape: [Int]
    /// "learned", "quantised", "measured", "frozen" or "constant".
    let role: String
  }

  let network: String
  let parameters: Int
  let macs: Int
  let layers: [Layer]
  let groups: [Group]
  let weights: [Tensor]
  /// The recipe that made the network, where Coppice did.
  let plan: PruningPlan?
  /// How images are to be scaled for it, where its file says that.
  let input: InputNormalization?

  init(_ graph: Graph, _ analysis: StructuralAnalysis, listsUnits: Bool = false) throws {
    let shapes = try graph.shapes()
    let roles = graph.weightRoles()
    let macs = Dictionary(
      try graph.multiplyAccumulatesByNode().map { ($0.node, $0.count) }, uniquingKeysWith: { first, _ in first })
    network = graph.name
    plan = PruningPlan(metadata: graph.metadata)
    // An entry that no command can use is no reason to show nothing of the network.
    input = (try? TrainingMetadata(metadata: graph.metadata, of: graph.name))?.input
    parameters = graph.parameterCount
    self.macs = try graph.multiplyAccumulates()
    layers = graph.nodes.map { node in
      let trainable = node.inputs.filter { roles[$0]?.isCounted == true }
      return Layer(
        name: node.name, op: node.op.onnxName, outputShape: shapes[node.outputs.first ?? ""] ?? [],
        parameters: trainable.reduce(0) { $0 + (graph.weights[$1]?.elementCount ?? 0) }, macs: macs[node.name] ?? 0)
    }
    let frozen = graph.frozenWeights
    weights = graph.weights.sorted { $0.key < $1.key }.map { name, data in
      let role =
        switch roles[name] {
        case .trainable: frozen.contains(name) ? "frozen" : "learned"
        case .quantized: "quantised"
        case .statistic: "measured"
        case .constant, nil: "constant"
        }
      return Tensor(name: name, type: data.elementType.rawValue, shape: data.shape, role: role)
    }
    groups = (analysis.groups + analysis.pinnedGroups).map {
      Group(
        name: $0.name, units: $0.units.count, layers: $0.layers, pinned: $0.pinned,
        members: listsUnits ? $0.units.map(Unit.init) : nil)
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
      \(network): \(Units.count(parameters)) parameters, \(Units.count(macs)) MACs for one sample\(input.map { "\ninput: \($0.text)" } ?? "")

      \(layerTable.text)
      Groups (what can only be removed together, and how many units each has):
      \(groupTable.text)
      """
  }
}

extension StatisticTransform: ExpressibleByArgument {}

extension NetworkInspection.Unit {
  init(_ unit: ChannelUnit) {
    name = unit.name
    slices = unit.slices.map {
      NetworkInspection.Slice(
        weight: $0.weight, axis: $0.axis, indices: $0.indices, produces: $0.isOutput,
        rows: $0.rows.map { [$0.lowerBound, $0.upperBound] })
    }
  }
}

extension Granularity: ExpressibleByArgument {}
