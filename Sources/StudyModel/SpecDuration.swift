import Foundation

/// Durations as specs write them: "90s", "5m", "1.5h", "1h 30m", "2d".
package enum SpecDuration {
  private static let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400]

  /// Seconds, or nil when the text is no positive finite duration; every number needs its unit.
  package static func seconds(_ text: String) -> Double? {
    var total = 0.0
    var digits = ""
    for character in text where character != " " {
      if character.isASCII, character.isNumber || character == "." {
        digits.append(character)
      } else {
        guard let unit = units[character], let value = Double(digits) else { return nil }
        total += value * unit
        digits = ""
      }
    }
    guard digits.isEmpty, total > 0, total.isFinite else { return nil }
    return total
  }

  /// The largest whole unit: 300 as "5m", 90 as "90s".
  package static func text(seconds: Double) -> String {
    for (unit, size) in [("h", 3600.0), ("m", 60.0)] where seconds >= size {
      let count = seconds / size
      if count == count.rounded(), count < 1e9 { return "\(Int(count))\(unit)" }
    }
    if seconds == seconds.rounded(), seconds < 1e15 { return "\(Int(seconds))s" }
    return decimal(seconds) + "s"
  }

  /// Digits without an exponent, which the grammar above does not know.
  private static func decimal(_ value: Double) -> String {
    let short = "\(value)"
    if !short.contains("e") { return short }
    return String(format: "%.12f", value)
  }
}
