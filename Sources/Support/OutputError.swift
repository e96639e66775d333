import Foundation

/// Why a command does not write what it was asked to, apart from system calls that fail (`FileFault`).
package struct OutputError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    /// No path at all.
    case noPath
    /// The folder that should hold the file is not there.
    case noFolder
    /// A device, a named pipe, a socket or a folder.
    case notAPlainFile
    /// The command reads this file, or it belongs to what the command reads.
    case isInput
    /// Another output of the same command goes there.
    case isOtherOutput
    /// A file that somebody else put in the place of one of ours.
    case notOurs
    /// What the command prints cannot be written.
    case standardOutput
  }

  package let code: Code
  package let message: String
  package let remedy: String?
  package var exitCode: ExitCode { .cannotCreate }

  package init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }

  /// For a file in the study's folder, in the place of one that the study is to write.
  package static func notOurs(_ file: URL) -> OutputError {
    OutputError(
      .notOurs, "Cannot write '\(file.path)': the file that is there was not written by this study.",
      remedy: "Move it to another place, then try again. Nothing in it was changed.")
  }

  static func standardOutput(errorNumber: Int32) -> OutputError {
    OutputError(
      .standardOutput, "Cannot write to standard output: \(String(cString: strerror(errorNumber))).",
      remedy: FileFault(operation: "write", path: "", errorNumber: errorNumber).remedy
        ?? "Part of what the command printed is lost; send its output elsewhere and run it again.")
  }
}
