import Foundation

/// What a failing disk does to a study.
enum StoredDamage {
  struct NothingToDamage: Error {}

  /// Changes one digit of one stored result, in the file itself: SQLite sees nothing of that.
  static func flipAResult(in database: URL) throws {
    var bytes = try Data(contentsOf: database)
    guard let place = bytes.range(of: Data("\"successes\":5".utf8)) else { throw NothingToDamage() }
    // The place may be one where the row lay before: all of its copies are changed.
    let whole = bytes[place.lowerBound..<min(place.upperBound + 3, bytes.endIndex)]
    var changed = Data(whole)
    changed[place.count - 1] = UInt8(ascii: "6")
    for copy in bytes.ranges(of: whole) { bytes.replaceSubrange(copy, with: changed) }
    try bytes.write(to: database)
  }
}
