import Support

/// The input scaling that a run uses, and where it comes from.
///
/// A network that is fed by another scaling than it was trained with gives wrong figures without a word, so every run prints this
/// line, and one that is given against the network's file is an error unless forced.
package struct InputChoice: Hashable, Sendable {
  /// Who gives a scaling by hand.
  package enum Giver: Hashable, Sendable { case options, spec }

  private enum Origin: Hashable, Sendable {
    case given(Giver)
    case file(String)
    /// The usual scaling of data of this format, where it has one.
    case usual(String?)
  }

  package let input: InputNormalization
  private let origin: Origin
  /// What the network's file says, where it was overruled.
  package let overruled: InputNormalization?
  private let file: String

  /// What is `given` goes first, then what the network's file says (`stored`), then what is usual for the data. `file` names
  /// the file in messages. Throws `InputConflict` where both say something and not the same, unless it is `forced`.
  package init(
    _ given: GivenInput, by giver: Giver, stored: InputNormalization?, file: String, data: DataSource, forced: Bool
  ) throws {
    let usual = InputNormalization.usual(for: data)
    let wanted = given.laid(over: stored ?? usual)
    self.file = file
    guard let stored else {
      input = wanted
      overruled = nil
      origin =
        given.isEmpty ? .usual(usual == InputNormalization() ? nil : data.format) : .given(giver)
      return
    }
    if wanted.isEquivalent(to: stored) {
      // In the file's own numbers, so that what depends on them stays the same to the last bit.
      input = stored
      overruled = nil
      origin = given.isEmpty ? .file(file) : .given(giver)
      return
    }
    guard forced else { throw InputConflict(file: file, stored: stored, wanted: wanted, giver: giver) }
    input = wanted
    overruled = stored
    origin = .given(giver)
  }

  /// One line: "input: pixels/255, mean 0, std 1 (default)".
  package var text: String {
    let words =
      switch origin {
      case .given(.options): "options"
      case .given(.spec): "spec"
      case .file(let name): "from '\(name)'"
      case .usual(nil): "default"
      case .usual(let format?): "default for \(format)"
      }
    return "input: \(input.text) (\(words)" + (overruled.map { "; '\(file)' says \($0.text)" } ?? "") + ")"
  }
}

/// A scaling that is given against what the network's file says.
package struct InputConflict: DescribedError, Equatable {
  package let message: String
  package let remedy: String?
  package var exitCode: ExitCode { .configuration }

  init(file: String, stored: InputNormalization, wanted: InputNormalization, giver: InputChoice.Giver) {
    message =
      "'\(file)' takes \(stored.text), but the \(giver == .spec ? "spec" : "command line") says \(wanted.text)."
    let words = giver == .spec ? "'input' in the spec" : "--input-scale, --input-mean and --input-std"
    remedy =
      "Leave out \(words), so that the file's own scaling is used, or add --force-input to use the other one all the same."
  }
}
