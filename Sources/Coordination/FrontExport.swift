import ArtifactStore
import Foundation
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
      try DurableFile.write(try artifacts.read(checkpoint), to: folder.networks.appendingPathComponent(name))
      written.insert(name)
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.networks.path)
    where name.hasPrefix("trial-") && !written.contains(name) {
      try FileManager.default.removeItem(at: folder.networks.appendingPathComponent(name))
    }
  }

  static func name(of key: EvaluationKey) -> String {
    let digits = "\(key.trial)"
    return "trial-\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)-rung-\(key.rung).onnx"
  }
}
