import Support

/// What can go wrong with stored blobs, apart from system calls that fail (`FileFault`).
package struct ArtifactError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    /// No blob of that digest.
    case missing
    /// The blob's bytes do not have the digest that names it.
    case corrupt
    /// Something that is not a plain file lies in the blob's place, or was offered as one.
    case notAFile
  }

  package let code: Code
  package let message: String
  package let remedy: String?
  package var exitCode: ExitCode { code == .missing ? .missingInput : .badData }

  package init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }
}
