import Foundation

/// The one byte form of a value, from which its identity is computed: JSON with sorted keys and no spaces.
///
/// Types that are encoded so hold no dictionaries but String-keyed ones, and no sets, whose order changes with each process.
package enum CanonicalBytes {
  package static func encode(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try encoder.encode(value)
  }

  package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data) throws -> Value {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(type, from: bytes)
  }

  package static func digest(of value: some Encodable) throws -> Digest {
    Digest(of: try encode(value))
  }
}
