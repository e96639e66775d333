import Foundation
import StudyModel
import StudyStore
import Support

extension StudyFolder {
  /// The scan of a study that began when scans were made before it and kept in a file; nil where there is none.
  var earlierScan: SensitivityScan? {
    guard holdsDatabase, let bytes = try? Data(contentsOf: sensitivity) else { return nil }
    return try? CanonicalBytes.decode(SensitivityScan.self, from: bytes)
  }
}
