import ArtifactStore
import Foundation
import ModelFormats
import ModelGraph
import Search
import StudyModel
import StudyStore
import Support

/// Puts the front's networks where people look for them.
enum FrontExport {
  /// Writes one ONNX file for each record and removes those of earlier fronts. What others put beside them stays. Where a checkpoint is gone, the network that its
  /// sealed test made again serves (`remade`), or the file of an earlier export stays; returns those that have neither.
  static func write(
    _ front: [EvaluationRecord], remade: [EvaluationKey: Digest], from artifacts: ArtifactStore, to folder: StudyFolder
  ) throws -> [EvaluationKey] {
    try ChildFolder.make(at: folder.networks)
    try check(folder)
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
    for name in try Folders.names(in: folder.networks) where isName(name) && !written.contains(name) {
      let path = folder.networks.appendingPathComponent(name).path
      guard unlink(path) == 0 || errno == ENOENT else {
        throw FileFault(operation: "remove", path: path, errorNumber: errno)
      }
    }
    return missing
  }

  /// Throws `OutputError(.notOurs)` when something in the folder has the name of an exported network and is none: it would be
  /// replaced or removed.
  static func check(_ folder: StudyFolder) throws {
    for name in (try? Folders.names(in: folder.networks)) ?? [] where isName(name) {
      let file = folder.networks.appendingPathComponent(name)
      guard let bytes = try? ReadOnlyFile(file.path, followsLinks: false).readAll(),
        // A checkpoint's metadata stand in its file as they are, behind the weights.
        bytes.range(of: Data("coppice.trial".utf8), options: .backwards) != nil
      else { throw OutputError.notOurs(file) }
    }
  }

  private static func isName(_ name: String) -> Bool { name.wholeMatch(of: /trial-\d{4,}-rung-\d+\.onnx/) != nil }

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

  /// A checkpoint without what was inserted for training only, and with weights that repeat themselves packed; one that has nothing
  /// of either keeps its bytes.
  private static func delivered(_ checkpoint: Data) throws -> Data {
    // The keys stand in the file as they are, so most checkpoints need no reading.
    let keys = [Graph.insertedNormalizationsKey, Graph.repeatedWeightsKey]
    guard keys.contains(where: { checkpoint.range(of: Data($0.utf8)) != nil }) else { return checkpoint }
    let graph = try ONNXFile.decode(checkpoint)
    let delivered = graph.foldingInsertedBatchNormalizations().packingRepeatedWeights()
    return delivered == graph ? checkpoint : try ONNXFile.encode(delivered)
  }

  static func name(of key: EvaluationKey) -> String { StudyFront.fileName(of: key) }
}
