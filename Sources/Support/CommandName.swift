/// The first word of a command line.
package enum CommandName {
  /// What is wrong with it: it is none of the commands, and may be like one; nil where it is a command or an option, or missing.
  package static func fault(_ arguments: [String], commands: [String]) -> String? {
    guard let word = arguments.first, !word.hasPrefix("-"), !commands.contains(word), word != "help" else { return nil }
    return "There is no command '\(word)'\(Spelling.hint(for: word, among: commands))."
  }
}
