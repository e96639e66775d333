import Foundation

/// JSON as every `--json` prints it: sorted keys, so that two runs can be compared as text.
package enum PrettyJSON {
  package static func text(of value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
