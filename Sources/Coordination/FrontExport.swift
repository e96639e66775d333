import ArtifactStore
import Foundation
import ModelFormats
import ModelGraph
import StudyModel
import StudyStore
import Support

/// Puts the front's networks where people look for them.
enum FrontExport {
  /// Writes one ONNX file for each record and removes those of earlier fronts. Where a checkpoint is gone, the network that its
  /// sealed test made again serves (`remade`), or the file of an earlier export stays; returns those that have neither.
  static func write(
    _ front: [EvaluationRecord], remade: [EvaluationKey: Digest], from artifacts: ArtifactStore, to folder: StudyFolder
  ) throws -> [EvaluationKey] {
    try ChildFolder.make(at: folder.networks)
    var (written, missing): (Set<String>, [EvaluationKey]) = ([], [])
    for record in front {
      let name = name(of: record.key)
      let file = folder.networks.appendingPathComponent(name)
      if let checkpoint = try whole([record.result?.checkpoint, remade[record.key]], in: artifacts) {
        try DurableFile.write(try delivered(checkpoint), to: file)
      } else if !FileManager.default.fileExists(atPath: file.path) {
        missing.append(record.key)
        continue
      }
      written.insert(name)
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.networks.path)
    where name.hasPrefix("trial-") && !written.contains(name) {
      try FileManager.default.removeItem(at: folder.networks.appendingPathComponent(name))
    }
    return missing
  }

  /// The first of the blobs that is there and undamaged.
  private static func whole(_ digests: [Digest?], in artifacts: ArtifactStore) throws -> Data? {
    for digest in digests.compactMap({ $0 }) {
      do {
        return try artifacts.read(digest)
      } catch is ArtifactError {
        continue
      }
    }
    return nil
  }

  /// A checkpoint without what was inserted for training only; one that has nothing of it keeps its bytes.
  private static func delivered(_ checkpoint: Data) throws -> Data {
    // The key stands in the file as it is, so most checkpoints need no reading.
    guard checkpoint.range(of: Data(Graph.insertedNormalizationsKey.utf8)) != nil else { return checkpoint }
    let graph = try ONNXFile.decode(checkpoint)
    guard !graph.insertedBatchNormalizations.isEmpty else { return checkpoint }
    return try ONNXFile.encode(graph.foldingInsertedBatchNormalizations())
  }

  static func name(of key: EvaluationKey) -> String {
    let digits = "\(key.trial)"
    return "trial-\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)-rung-\(key.rung).onnx"
  }
}
