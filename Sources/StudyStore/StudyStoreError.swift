import Foundation
import Support

/// What can go wrong with a study's database.
package struct StudyStoreError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    /// The folder holds no study.
    case missing
    /// The folder holds a study already.
    case exists
    /// Another coordinator has the study open.
    case locked
    /// The folder is on a filesystem where SQLite's write-ahead log is not safe.
    case unsafeFilesystem
    /// A newer Coppice wrote the file.
    case newerSchema
    /// The file is damaged, or no study's.
    case damaged
    /// A change does not fit the stored state; nothing of its transaction was stored.
    case conflict
    /// The folder's path leads elsewhere than when it was opened.
    case moved
    /// The database could not read or write.
    case failed
  }

  package let code: Code
  package let message: String
  package let remedy: String?
  package var exitCode: ExitCode {
    switch code {
    case .missing: .missingInput
    case .exists, .unsafeFilesystem, .moved, .failed: .cannotCreate
    case .locked: .temporary
    case .newerSchema, .damaged: .badData
    case .conflict: .internal
    }
  }

  package init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }

  /// Why a folder's study cannot be opened: it is not there, or this user may not read it, or its database is empty.
  init(noStudyIn folder: StudyFolder) {
    let error = InputFileError(folder.database.path, kind: "study's database")
    if error?.code == .empty {
      self.init(
        .missing,
        "The folder '\(folder.url.path)' holds no study: its database is empty, as a search leaves it that is stopped while it begins.",
        remedy: "Start the search again.")
    } else if let error, error.code != .missing {
      self.init(.missing, error.message, remedy: error.remedy)
    } else if FileManager.default.fileExists(atPath: folder.url.path) {
      self.init(
        .missing, "The folder '\(folder.url.path)' holds no study.",
        remedy: "Check the path; a study's folder has a file study.sqlite.")
    } else {
      self.init(
        .missing, "There is no folder '\(folder.url.path)', so there is no study in it.", remedy: "Check the path.")
    }
  }
}
