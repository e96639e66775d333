import Foundation
import StudyModel
import Support

/// What the part of a scan that is of one group depends on; equal keys have equal parts.
package struct SensitivityKey: Hashable, Sendable, Codable {
  /// `EngineIdentity.digest`, as in score keys.
  private let engine: Digest
  private let network: Digest
  /// Data, split and input scaling.
  private let data: Digest
  private let plan: PruningPlan
  private let group: String
  private let ratios: [Double]
  private let samples: Int?

  package init(
    network: Digest, data: Digest, plan: PruningPlan, group: String, ratios: [Double], samples: Int?,
    engine: Digest = EngineIdentity.current.digest
  ) {
    self.engine = engine
    self.network = network
    self.data = data
    self.plan = plan
    self.group = group
    self.ratios = ratios
    self.samples = samples
  }
}

/// What scans found before, a file for each group: a scan that was broken off goes on behind its last whole group.
package struct SensitivityCache {
  private let folder: URL

  /// Makes the folder `sensitivity` within `folder`.
  package init(folder: URL) throws {
    self.folder = folder.appendingPathComponent("sensitivity")
    try ChildFolder.make(at: self.folder)
  }

  /// The entries of the group under `key`; `compute` runs only when nobody has stored them, or what was stored cannot be read.
  package func scan(for key: SensitivityKey, compute: () throws -> SensitivityScan) throws -> SensitivityScan {
    if let bytes = try? Data(contentsOf: try file(of: key)),
      let scan = try? CanonicalBytes.decode(SensitivityScan.self, from: bytes)
    {
      return scan
    }
    let scan = try compute()
    try store(scan, for: key)
    return scan
  }

  package func store(_ scan: SensitivityScan, for key: SensitivityKey) throws {
    try DurableFile.write(try CanonicalBytes.encode(scan), to: file(of: key))
  }

  private func file(of key: SensitivityKey) throws -> URL {
    folder.appendingPathComponent(try CanonicalBytes.digest(of: key).hex + ".json")
  }
}
