import Foundation
import Logging
import Support

/// How one event of the log becomes one line.
package enum LogFormat: String, Sendable, CaseIterable {
  /// `2026-11-28T07:51:33.123Z warning worker-1: message trial=3 rung=1`
  case plain
  /// One JSON object a line: time, level, label, message, and metadata where there is some.
  case json
  /// `warning: message trial=3`, for readers that put their own time and name before each line.
  case brief

  /// The line with its end. `seconds` are those since 1970, shown as UTC.
  package func line(
    at seconds: Double, _ level: Logger.Level, label: String, _ message: String, _ metadata: Logger.Metadata
  ) -> String {
    let fields = metadata.mapValues { "\($0)" }
    switch self {
    case .plain:
      return "\(Self.timestamp(seconds)) \(level.rawValue) \(label): \(Self.oneLine(message))\(Self.text(of: fields))\n"
    case .json: return Self.json(Self.timestamp(seconds), level, label, message, fields)
    case .brief: return "\(level.rawValue): \(Self.oneLine(message))\(Self.text(of: fields))\n"
    }
  }

  /// The level and the rest of a line in the brief format; nil where it does not begin with a level.
  package static func parseBrief(_ line: String) -> (Logger.Level, String)? {
    guard let colon = line.range(of: ": "), let level = Logger.Level(rawValue: String(line[..<colon.lowerBound]))
    else { return nil }
    return (level, String(line[colon.upperBound...]))
  }

  /// ISO 8601 in UTC with milliseconds, whatever the machine's zone and locale.
  static func timestamp(_ seconds: Double) -> String {
    let milliseconds = Int64((seconds * 1000).rounded(.down))
    var whole = time_t(milliseconds / 1000)
    var parts = tm()
    gmtime_r(&whole, &parts)
    func digits(_ value: some BinaryInteger, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    return "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))"
      + "T\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2))"
      + ".\(digits(milliseconds % 1000, 3))Z"
  }

  /// Messages carry texts from elsewhere, which may neither begin a line of their own nor drive a terminal.
  private static func oneLine(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x0a: result.append(contentsOf: "\\n".unicodeScalars)
      case 0x09: result.append(" ")
      case 0..<0x20, 0x7f...0x9f: result.append("?")
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  private static func text(of fields: [String: String]) -> String {
    fields.sorted { $0.key < $1.key }.map { name, value in
      let plain = oneLine(value)
      let isWord = !plain.isEmpty && !plain.contains { $0 == " " || $0 == "\"" || $0 == "=" }
      return " \(name)=\(isWord ? plain : "\"\(plain.replacingOccurrences(of: "\"", with: "\\\""))\"")"
    }.joined()
  }

  private static func json(
    _ time: String, _ level: Logger.Level, _ label: String, _ message: String, _ fields: [String: String]
  ) -> String {
    struct Line: Encodable {
      let time: String
      let level: String
      let label: String
      let message: String
      let metadata: [String: String]?
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let line = Line(
      time: time, level: level.rawValue, label: label, message: message, metadata: fields.isEmpty ? nil : fields)
    // Strings alone cannot fail to be encoded.
    return String(decoding: (try? encoder.encode(line)) ?? Data(), as: UTF8.self) + "\n"
  }
}
