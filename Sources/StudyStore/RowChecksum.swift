import Foundation
import GRDB
import Support

/// What each row of a study carries in its column `checksum`: the first 8 bytes of the SHA-256 of the table's name and the row's
/// values by name of column, the key included.
///
/// NULL is left out, so that a nullable column that a later layout adds changes nothing in the rows before it.
enum RowChecksum {
  static let column = "checksum"
  private static let function = "row_checksum"

  static func value(table: String, values: some Sequence<(name: String, value: DatabaseValue)>) -> Int64 {
    var bytes = Data()
    add(Data(table.utf8), tag: 0, to: &bytes)
    for (name, value) in values.sorted(by: { $0.name < $1.name }) where name != column {
      if value.isNull { continue }
      add(Data(name.utf8), tag: 1, to: &bytes)
      switch value.storage {
      case .null: break
      case .int64(let number): add(number, tag: 2, to: &bytes)
      case .double(let number): add(Int64(bitPattern: number.bitPattern), tag: 3, to: &bytes)
      case .string(let text): add(Data(text.utf8), tag: 4, to: &bytes)
      case .blob(let data): add(data, tag: 5, to: &bytes)
      }
    }
    return UInt64(Digest(of: bytes).hex.prefix(16), radix: 16).map { Int64(bitPattern: $0) } ?? 0
  }

  private static func add(_ number: Int64, tag: UInt8, to bytes: inout Data) {
    withUnsafeBytes(of: number.littleEndian) { add(Data($0), tag: tag, to: &bytes) }
  }

  private static func add(_ part: Data, tag: UInt8, to bytes: inout Data) {
    bytes.append(tag)
    withUnsafeBytes(of: UInt64(part.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(part)
  }

  // MARK: - Keeping them true

  /// Makes this connection keep the checksum of each row that it writes, whatever statement does so, and refuse to change a
  /// row whose checksum is wrong: its damage would be covered by the new one.
  ///
  /// The triggers are the connection's own. They call a function that the file cannot be trusted with.
  static func install(in database: Database) throws {
    database.add(
      function: DatabaseFunction(function, pure: true) { arguments in
        guard arguments.count >= 2, case .string(let table) = arguments[0].storage,
          case .string(let names) = arguments[1].storage
        else { return nil }
        let columns = names.split(separator: ",").map(String.init)
        return value(table: table, values: zip(columns, arguments.dropFirst(2)).map { (name: $0, value: $1) })
      })
    for table in try tables(in: database) {
      let columns = try columns(of: table, in: database)
      let list = columns.joined(separator: ", ")
      let seal = "UPDATE \(table) SET \(column) = \(call(table, columns, of: "")) WHERE rowid = NEW.rowid;"
      try database.execute(
        sql: """
          CREATE TEMP TRIGGER IF NOT EXISTS seal_new_\(table) AFTER INSERT ON main.\(table) BEGIN \(seal) END;
          CREATE TEMP TRIGGER IF NOT EXISTS seal_changed_\(table) AFTER UPDATE OF \(list) ON main.\(table)
          BEGIN \(seal) END;
          CREATE TEMP TRIGGER IF NOT EXISTS check_old_\(table) BEFORE UPDATE OF \(list) ON main.\(table)
          WHEN OLD.\(column) IS NOT \(call(table, columns, of: "OLD."))
          BEGIN SELECT RAISE(ABORT, 'a row of \(table) does not have its checksum'); END;
          """)
    }
  }

  /// Gives each row its checksum but those named, by table and rowid.
  static func seal(_ database: Database, except damaged: Set<StoredRow.Place>) throws {
    for table in try tables(in: database) {
      for row in try StoredRow.all(of: table, in: database).rows where !damaged.contains(row.place) {
        try database.execute(
          sql: "UPDATE \(table) SET \(column) = ? WHERE rowid = ?", arguments: [row.checksum, row.place.id])
      }
    }
  }

  /// The tables whose rows carry checksums, by name.
  static func tables(in database: Database) throws -> [String] {
    try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      .filter { table in
        try !table.hasPrefix("sqlite_") && database.columns(in: table).contains { $0.name == column }
      }
  }

  private static func columns(of table: String, in database: Database) throws -> [String] {
    try database.columns(in: table).map(\.name).filter { $0 != column }
  }

  private static func call(_ table: String, _ columns: [String], of row: String) -> String {
    let values = columns.map { row + $0 }.joined(separator: ", ")
    return "\(function)('\(table)', '\(columns.joined(separator: ","))', \(values))"
  }
}
