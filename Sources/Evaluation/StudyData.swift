import Datasets
import Foundation
import ModelGraph
import StudyModel
import Support
import Tensors
import Training

/// A dataset in memory with its split and its input scaling; each part becomes a tensor when it is first asked for.
package final class StudyData {
  package enum Part: String, Hashable, Sendable, CaseIterable {
    case training, validation, sealed
    /// The whole test file, whatever the split says; no search may look at it.
    case test
  }

  package let split: SplitSpec
  package let input: InputNormalization
  package let device: Device
  package let classCount: Int
  /// The identity of examples, split and scaling together.
  package let digest: Digest
  private let files: [DatasetPart: ImageDataset]
  private let selections: DataSplit?
  private var sources: [Part: BatchSource] = [:]

  /// Reads both files, or only the test file, of which then only `Part.test` can be had. Throws `DatasetError`.
  package init(
    source: DataSource, split: SplitSpec, input: InputNormalization, device: Device = .cpu, testOnly: Bool = false,
    progress: WorkProgress = .unwatched
  ) throws {
    self.split = split
    self.input = input
    self.device = device
    let origin = try DatasetSource.parse(source.text)
    var files: [DatasetPart: ImageDataset] = [.test: try origin.load(.test)]
    try progress.report(0.2)
    if !testOnly { files[.training] = try origin.load(.training) }
    try progress.report(0.8)
    self.files = files
    classCount = files.values.map(\.classCount).max() ?? 0
    selections =
      testOnly
      ? nil
      : try DataSplit(
        trainingCount: files[.training]?.count ?? 0, testCount: files[.test]?.count ?? 0,
        request: SplitRequest(
          training: split.train, validation: split.validation,
          order: split.keepsFileOrder ? .file : .shuffled(seed: split.seed)), seenTraining: split.seenTraining)
    var builder = DigestBuilder()
    for part in DatasetPart.allCases {
      builder.update(Data((files[part]?.digest.hex ?? "").utf8))
      try progress.report()
    }
    builder.update(Data((selections?.digest.hex ?? "").utf8))
    builder.update(try CanonicalBytes.encode(input))
    digest = builder.finalize()
  }

  /// The samples of a part, made once.
  package func batches(_ part: Part) throws -> BatchSource {
    if let source = sources[part] { return source }
    let source: BatchSource
    if part == .test, let file = files[.test] {
      source = try BatchSource(file, indices: (0..<file.count).map(Int32.init), input: input, device: device)
    } else if let selection = selection(of: part), let file = files[selection.part] {
      source = try BatchSource(file, indices: selection.indices, input: input, device: device)
    } else {
      throw EvaluationError(
        .protocolFault, "The \(part.rawValue) samples were asked for, but only the test file was read.")
    }
    sources[part] = source
    return source
  }

  /// The network with its batch axis free, after checking that it classifies these images.
  package func checked(_ graph: Graph) throws -> Graph {
    guard let file = files[.test] else { return graph }
    return try graph.checkedClassifier(of: file, classCount: classCount)
  }

  private func selection(of part: Part) -> DataSelection? {
    switch part {
    case .training: selections?.training
    case .validation: selections?.validation
    case .sealed: selections?.sealed
    case .test: nil
    }
  }
}

extension DataSource {
  /// Reads "fashion-mnist", "idx:DIR" or "cifar10:DIR". Throws `DatasetError(.unknownSource)`; no file is opened.
  package static func parse(_ text: String) throws -> DataSource {
    _ = try DatasetSource.parse(text)
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    return DataSource(format: parts[0], path: parts.count > 1 ? parts[1] : nil)
  }
}
