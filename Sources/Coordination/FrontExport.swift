import ArtifactStore
import Foundation
import ModelFormats
import ModelGraph
import StudyModel
import StudyStore
import Support

/// Puts the front's networks where people look for them.
enum FrontExport {
  /// Writes one ONNX file for each record and removes those of earlier fronts.
  static func write(_ front: [EvaluationRecord], from artifacts: ArtifactStore, to folder: StudyFolder) throws {
    try FileManager.default.createDirectory(at: folder.networks, withIntermediateDirectories: true)
    var written: Set<String> = []
    for record in front {
      guard let checkpoint = record.result?.checkpoint else { continue }
      let name = name(of: record.key)
      try DurableFile.write(
        try delivered(try artifacts.read(checkpoint)), to: folder.networks.appendingPathComponent(name))
      written.insert(name)
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.networks.path)
    where name.hasPrefix("trial-") && !written.contains(name) {
      try FileManager.default.removeItem(at: folder.networks.appendingPathComponent(name))
    }
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
