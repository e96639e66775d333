import Foundation
import Reporting
import StudyStore
import Support

extension StudyFolder {
  /// The file for a report: at `path`, where that is given and the study keeps nothing else, or in the study's own place, where
  /// only a report of ours is replaced.
  func reportFile(_ path: String? = nil) throws -> OutputFile {
    let file = try OutputFile(path ?? report.path)
    guard path == nil else {
      guard !keeps(try file.target()) else {
        throw OutputError(
          .isInput, "Cannot write '\(file.path)': the study keeps its own files under that name.",
          remedy: "Name another file with --output.")
      }
      return file
    }
    if let old = try? ReadOnlyFile(report.path),
      !MorningReport.wrote(try old.read(offset: 0, count: min(old.size, 4096)))
    {
      throw OutputError.notOurs(report)
    }
    return file
  }
}
