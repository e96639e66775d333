import Foundation

/// How a network that was made again by its recipe compares with the file that named the recipe.
package struct ReplayOutcome: Hashable, Sendable, Encodable {
  /// False only where options changed the recipe; else it is an error.
  package var unitsIdentical: Bool
  /// Nil where options changed the recipe, so that the weights must differ.
  package var weightsIdentical: Bool?
  /// The largest difference of a weight, in absolute value, and the weight's name; nil where there is none to tell.
  package var largestDifference: Double?
  package var weight: String?
  /// Why the weights differ, or why they were not compared.
  package var reasons: [String]

  /// A sentence for the command's output; `name` is the file's.
  package func text(_ name: String) -> String {
    let why = reasons.joined(separator: "; ")
    switch (weightsIdentical, largestDifference) {
    case (true?, _): return "weights identical: '\(name)' was made again bit for bit"
    case (_, let largest?):
      return "units are the same; the largest difference of a weight is \(Self.text(largest))"
        + (weight.map { ", in '\($0)'" } ?? "") + " ('\(name)' was made with \(why))"
    default:
      return
        "\(unitsIdentical ? "units are the same" : "other units stay"); the weights were not compared with those of '\(name)': \(why)"
    }
  }

  /// Three digits, which is enough of a rounding error.
  static func text(_ difference: Double) -> String { String(format: "%.3g", difference) }
}
