import ArtifactStore
import ChannelGroups
import Datasets
import Foundation
import ModelFormats
import ModelGraph
import NetworkLoading
import Search
import Selection
import SpecYAML
import StudyModel
import StudyStore
import Support

/// A spec with its network read and its groups found: what is checked before anything is written or started.
struct StudyPreparation {
  var spec: StudySpec
  let groups: [GroupSummary]
  /// Classes that the network tells apart.
  let classCount: Int
  private let network: Graph
  let networkBytes: Data
  private var files: [DatasetPart: Digest] = [:]

  /// Throws with the file and line when the spec, the network or their fit is wrong.
  init(specPath: String) throws {
    let url = URL(fileURLWithPath: specPath)
    guard let text = try? String(contentsOf: url, encoding: .utf8) else {
      throw CommandError(
        .missingInput, "There is no readable spec '\(specPath)'.",
        remedy: "Check the spelling of the path; scripts/examples holds specs to start from.")
    }
    spec = try SpecReader.read(SpecNode(yaml: text), folder: url.deletingLastPathComponent().path)
    network = try spec.network.load()
    networkBytes = try ONNXFile.encode(network)
    groups = try StudyGroups.summaries(of: network, space: spec.space)
    let shapes = try network.shapes()
    classCount = shapes[network.outputs.first?.name ?? ""]?.last ?? 0
  }

  /// Reads both files of the dataset once, so that a broken one is found now and not by every worker.
  mutating func verifyData() throws {
    let source = try DatasetSource.parse(spec.data.text)
    for part in DatasetPart.allCases { try verify(source.load(part), part) }
  }

  private mutating func verify(_ dataset: ImageDataset, _ part: DatasetPart) throws {
    files[part] = dataset.digest
    guard dataset.classCount <= classCount else {
      throw CommandError(
        .malformedSpec,
        "The network '\(network.name)' tells \(classCount) classes apart, but \(spec.data.text) has \(dataset.classCount).",
        remedy: "Give the network that belongs to this data.")
    }
  }

  /// Stores the dense network and returns what workers need to know.
  func context(in folder: StudyFolder) throws -> StudyContext {
    let store = try ArtifactStore(folder: folder.artifacts)
    return StudyContext(spec: spec, network: try store.put(networkBytes), artifactFolder: folder.artifacts.path)
  }

  /// What the study is, after `verifyData`. The network is what was loaded: its weights file, external data and fixed inputs
  /// are in it.
  func identity() throws -> StudyIdentity {
    let none = Digest(of: Data())
    return StudyIdentity(
      network: Digest(of: networkBytes), training: files[.training] ?? none, test: files[.test] ?? none,
      split: spec.split, seed: spec.seed)
  }

  var dryRunText: String {
    let parts = spec.space.granularities.map { granularity in
      "\n# What this search may prune by granularity '\(granularity.rawValue)' (units):\n"
        + groups.filter { $0.granularity == granularity }.map { "#   \($0.name): \($0.units)" }
        .joined(separator: "\n")
    }
    return SpecPrinter.yaml(spec) + parts.joined(separator: "\n")
  }
}
