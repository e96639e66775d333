/// Sizes as specs write them: "200MB", "1.5GiB", "20 GiB"; decimal units by their SI names, binary ones with an i.
package enum SpecSize {
  private static let units: [(name: String, bytes: Double)] = [
    ("TiB", 0x1p40), ("GiB", 0x1p30), ("MiB", 0x1p20), ("KiB", 0x1p10), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6),
    ("kB", 1e3), ("B", 1),
  ]

  /// Whole bytes, or nil when the text is no positive number with a unit, or no integer can hold it.
  package static func bytes(_ text: String) -> Int? {
    let compact = text.filter { $0 != " " }
    let digits = compact.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let value = Double(digits), let unit = units.first(where: { $0.name == compact.dropFirst(digits.count) })
    else {
      return nil
    }
    let bytes = (value * unit.bytes).rounded()
    guard bytes >= 1, bytes < 0x1p62 else { return nil }
    return Int(bytes)
  }

  /// The unit that gives the smallest whole number: 209715200 as "200MiB", 200000000 as "200MB".
  package static func text(bytes: Int) -> String {
    let whole = units.filter { bytes % Int($0.bytes) == 0 && bytes >= Int($0.bytes) }
    guard let unit = whole.max(by: { $0.bytes < $1.bytes }) else { return "\(bytes)B" }
    return "\(bytes / Int(unit.bytes))\(unit.name)"
  }
}
