import StudyStore

/// Commands for people to copy. They name files that are there.
extension StudyFolder {
  /// Goes on with the study.
  var resumingCommand: String { "coppice search \(Self.quoted(spec.path)) --output \(Self.quoted(url.path)) --resume" }

  /// Searches again from the beginning, into a folder of its own. `forcesInput` where the study's input scaling is not the one that
  /// the network's file says.
  func reproducingCommand(forcesInput: Bool) -> String {
    "coppice search \(Self.quoted(spec.path)) --output \(Self.quoted(url.path + "-again"))"
      + (forcesInput ? " --force-input" : "")
  }

  /// As a shell takes it for one word.
  static func quoted(_ text: String) -> String {
    let isPlain =
      !text.isEmpty
      && text.unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "-_./+=:,".unicodeScalars.contains($0))
      }
    return isPlain ? text : "'" + text.replacing("'", with: "'\\''") + "'"
  }
}
