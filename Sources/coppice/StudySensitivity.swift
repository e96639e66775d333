import Foundation
import StudyModel
import StudyStore
import Support

/// The scan that a search makes before its first trial, where its spec asks for one; kept with the study, so that a search that
/// goes on has the same.
enum StudySensitivity {
  static func scan(_ spec: StudySpec, context: StudyContext, in folder: StudyFolder) throws -> SensitivityScan? {
    guard spec.usesSensitivity else { return nil }
    let file = folder.sensitivity
    if let bytes = try? Data(contentsOf: file),
      let scan = try? CanonicalBytes.decode(SensitivityScan.self, from: bytes)
    {
      return scan
    }
    let bytes = try EngineCall.output(
      of: "study-sensitivity", [], input: try CanonicalBytes.encode(context))
    let scan = try CanonicalBytes.decode(SensitivityScan.self, from: bytes)
    try DurableFile.write(bytes, to: file)
    return scan
  }
}
