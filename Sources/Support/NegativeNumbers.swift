/// Makes values of options out of negative numbers on a command line.
///
/// The parser takes every word that begins with a dash for an option, so that `--sparsity -0.5` would lack its value, and nobody
/// would hear that the share is out of range. No option of ours begins with a digit.
package enum NegativeNumbers {
  /// The arguments with `--option -0.5` written as `--option=-0.5`, up to a word `--`.
  package static func attached(_ arguments: [String]) -> [String] {
    var result: [String] = []
    for (position, word) in arguments.enumerated() {
      if word == "--" { return result + arguments[position...] }
      if isNegativeNumber(word), let option = result.last, option.hasPrefix("--"), !option.contains("=") {
        result[result.count - 1] = option + "=" + word
      } else {
        result.append(word)
      }
    }
    return result
  }

  /// Also a list of numbers between commas that begins with a negative one.
  private static func isNegativeNumber(_ word: String) -> Bool {
    guard word.first == "-", let first = word.split(separator: ",").first else { return false }
    // Hexadecimal numbers and words such as "-Infinity" and "-nan" are numbers to Swift, too.
    return Double(first) != nil
  }
}
