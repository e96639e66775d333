import Foundation
import GRDB

/// A row as it lies on the disk. Nothing of it is believed: a flipped bit can make a number a text or a NULL, which GRDB's own
/// conversions end the process for.
struct StoredRow {
  /// Which row of which table, by rowid.
  struct Place: Hashable {
    let table: String
    let id: Int64
  }

  /// Why a row cannot be used, in words that go on from "it ...".
  struct Fault: Error, Equatable {
    let reason: String

    init(_ reason: String) { self.reason = reason }
  }

  let place: Place
  let values: [String: DatabaseValue]

  /// The checksum of the values as they are now.
  var checksum: Int64 {
    RowChecksum.value(table: place.table, values: values.lazy.map { (name: $0.key, value: $0.value) })
  }

  /// Throws a `Fault` when the row does not have the checksum that it was stored with; rows of layouts without checksums pass.
  func check() throws {
    guard let stored = values[RowChecksum.column] else { return }
    guard case .int64(checksum) = stored.storage else { throw Fault("does not have the checksum it was stored with") }
  }

  func integer(_ column: String) throws -> Int64 {
    guard case .int64(let value)? = values[column]?.storage else { throw unreadable(column, "a whole number") }
    return value
  }

  /// An integer that this machine's `Int` holds.
  func count(_ column: String) throws -> Int { Int(try integer(column)) }

  func number(_ column: String) throws -> Double {
    switch values[column]?.storage {
    case .double(let value)?: return value
    case .int64(let value)?: return Double(value)
    default: throw unreadable(column, "a number")
    }
  }

  func text(_ column: String) throws -> String {
    guard case .string(let value)? = values[column]?.storage else { throw unreadable(column, "a text") }
    return value
  }

  func bytes(_ column: String) throws -> Data {
    switch values[column]?.storage {
    case .blob(let value)?: return value
    default: throw unreadable(column, "bytes")
    }
  }

  /// The value, or nil where the column is NULL or not there.
  func optional<Value>(_ column: String, _ read: (String) throws -> Value) throws -> Value? {
    guard let value = values[column], !value.isNull else { return nil }
    return try read(column)
  }

  private func unreadable(_ column: String, _ expected: String) -> Fault {
    Fault("has something else than \(expected) in '\(column)'")
  }
}

extension StoredRow {
  /// All rows of a table in the order of their ids, without a look at any index, and what SQLite says where a page of the
  /// table cannot be read; then the rows before and behind that page are there. Throws `DatabaseError` for all other faults.
  static func all(of table: String, in database: Database) throws -> (rows: [StoredRow], fault: String?) {
    var rows: [StoredRow] = []
    var seen: Set<Int64> = []
    func read(_ direction: String) throws {
      let cursor = try Row.fetchCursor(
        database, sql: "SELECT rowid AS \"rowid of it\", * FROM \(table) NOT INDEXED ORDER BY rowid \(direction)")
      while let row = try cursor.next() {
        var values: [String: DatabaseValue] = [:]
        for (name, value) in row.dropFirst() { values[name] = value }
        guard case .int64(let id)? = row.first?.1.storage else { continue }
        // A page that is linked twice shows its rows twice.
        guard seen.insert(id).inserted else { if direction == "DESC" { return } else { continue } }
        rows.append(StoredRow(place: Place(table: table, id: id), values: values))
      }
    }
    do {
      try read("ASC")
      return (rows, nil)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
      do {
        try read("DESC")
      } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {}
      return (rows.sorted { $0.place.id < $1.place.id }, error.message ?? "a page of it cannot be read")
    }
  }
}
