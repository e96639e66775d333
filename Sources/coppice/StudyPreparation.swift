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
  /// The scaling of the spec, with where it comes from.
  let input: InputChoice
  let groups: [GroupSummary]
  /// Classes that the network tells apart.
  let classCount: Int
  let network: Graph
  let networkBytes: Data
  private var files: [DatasetPart: Digest] = [:]
  /// The plans of a sweep; empty for a sampler that draws them.
  let sweep: [PruningPlan]

  /// Throws with the file and line when the spec, the network or their fit is wrong; a scaling that contradicts the network's file
  /// is, unless `forcesInput`.
  init(specPath: String, forcesInput: Bool = false) throws {
    let url = URL(fileURLWithPath: specPath)
    let (node, folder) = (try SpecNode(yaml: Self.text(of: specPath)), url.deletingLastPathComponent().path)
    let alone = try SpecReader.read(node, folder: folder)
    network = try alone.network.load()
    for remark in network.remarks { StandardError.write(remark.line) }
    let stored = try TrainingMetadata(metadata: network.metadata, of: alone.network.name)
    spec = try SpecReader.read(node, folder: folder, stored: stored)
    input = try InputChoice(
      SpecReader.givenInput(node), by: .spec, stored: stored.input, file: spec.network.name, data: spec.data,
      forced: forcesInput)
    spec.input = input.input
    networkBytes = try ONNXFile.encode(network)
    groups = try StudyGroups.summaries(of: network, spec: spec)
    sweep = try Self.sweep(of: spec, groups: groups)
    let shapes = try network.shapes()
    classCount = shapes[network.outputs.first?.name ?? ""]?.last ?? 0
    try checkConstraints()
  }

  private static func text(of path: String) throws -> String {
    let examples = "scripts/examples holds specs to start from."
    if let error = InputFileError(path, kind: "spec") {
      throw CommandError(
        error.code == .empty ? .malformedSpec : .missingInput, error.message,
        remedy: error.code == .missing || error.code == .empty
          ? (error.code == .missing ? (error.remedy ?? "") + " " : "") + examples : error.remedy)
    }
    // Also from a pipe, such as a shell's <(...).
    guard let file = FileHandle(forReadingAtPath: path), let bytes = try? file.readToEnd() ?? Data() else {
      throw InputFileError(path, kind: "spec", errorNumber: errno == 0 ? EIO : errno)
    }
    guard let text = String(data: bytes, encoding: .utf8) else {
      throw CommandError(
        .malformedSpec, "The spec '\(path)' is no text in UTF-8.", remedy: "Name a YAML file; \(examples)")
    }
    guard text.split(whereSeparator: \.isNewline).contains(where: { !Self.isBlank($0) }) else {
      throw CommandError(
        .malformedSpec, "The spec '\(path)' holds nothing but comments and blank lines.", remedy: examples)
    }
    return text
  }

  private static func isBlank(_ line: Substring) -> Bool {
    line.drop(while: \.isWhitespace).first.map { $0 == "#" } ?? true
  }

  /// Reads both files of the dataset once, so that a broken one, or one that does not go with network and spec, is found now and
  /// not by every worker.
  mutating func verifyData() throws {
    let source = try DatasetSource.parse(spec.data.text)
    var counts: [DatasetPart: Int] = [:]
    for part in DatasetPart.allCases { counts[part] = try verify(source.load(part), part) }
    try checkSplit(counts)
  }

  /// Returns how many examples there are.
  private mutating func verify(_ dataset: ImageDataset, _ part: DatasetPart) throws -> Int {
    files[part] = dataset.digest
    try checkInput(dataset)
    guard dataset.classCount <= classCount else {
      throw CommandError(
        .malformedSpec,
        "The network '\(network.name)' tells \(classCount) classes apart, but \(spec.data.text) has \(dataset.classCount).",
        remedy: "Give the network that belongs to this data.")
    }
    return dataset.count
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
    let parts = spec.granularities.map { granularity in
      "\n# What this search may prune by granularity '\(granularity.rawValue)' (units):\n"
        + groups.filter { $0.granularity == granularity }.map { "#   \($0.name): \($0.units)" }
        .joined(separator: "\n")
    }
    return SpecPrinter.yaml(spec) + "\n# \(input.text)" + parts.joined(separator: "\n") + sweepText
  }
}
