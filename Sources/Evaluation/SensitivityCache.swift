import Foundation
import StudyModel
import Support

/// What a scan depends on; equal keys have equal scans.
package struct SensitivityKey: Hashable, Sendable, Codable {
  /// Raised when a scan measures something else than before.
  private var version = 1
  private let network: Digest
  /// Data, split and input scaling.
  private let data: Digest
  private let plan: PruningPlan
  private let ratios: [Double]
  private let samples: Int?

  package init(network: Digest, data: Digest, plan: PruningPlan, ratios: [Double], samples: Int?) {
    self.network = network
    self.data = data
    self.plan = plan
    self.ratios = ratios
    self.samples = samples
  }
}

/// Scans that were made before, a file for each key.
package struct SensitivityCache {
  private let folder: URL

  /// Makes the folder `sensitivity` within `folder`.
  package init(folder: URL) throws {
    self.folder = folder.appendingPathComponent("sensitivity")
    do {
      try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
    } catch {
      throw FileFault(operation: "create", path: self.folder.path, errorNumber: errno)
    }
  }

  /// The scan under `key`; `compute` runs only when nobody has stored it, or what was stored cannot be read.
  package func scan(for key: SensitivityKey, compute: () throws -> SensitivityScan) throws -> SensitivityScan {
    let file = folder.appendingPathComponent(try CanonicalBytes.digest(of: key).hex + ".json")
    if let bytes = try? Data(contentsOf: file),
      let scan = try? CanonicalBytes.decode(SensitivityScan.self, from: bytes)
    {
      return scan
    }
    let scan = try compute()
    try DurableFile.write(try CanonicalBytes.encode(scan), to: file)
    return scan
  }
}
