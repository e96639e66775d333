/// A column of the tables and of CSV; the raw value is its name for `--columns` and `--sort`.
package enum FrontColumn: String, CaseIterable, Sendable {
  case trial, rung, criterion, accuracy, interval, sealed, loss, parameters, macs, size, latency, sparsity, plan,
    network

  /// Names in a list from the command line, such as "trial,accuracy,latency", or "all"; throws what cannot be one.
  package init(name: some StringProtocol) throws {
    guard let column = FrontColumn(rawValue: name.lowercased()) else { throw Unknown(name: String(name)) }
    self = column
  }

  package struct Unknown: Error {
    package let name: String
  }

  /// The columns of a list, in its order and each once.
  package static func list(_ text: String) throws -> [FrontColumn] {
    if text == "all" { return allCases }
    var found: [FrontColumn] = []
    for name in text.split(separator: ",", omittingEmptySubsequences: false) {
      let column = try FrontColumn(name: name.filter { $0 != " " })
      if !found.contains(column) { found.append(column) }
    }
    return found
  }

  /// Every name, for help and errors.
  package static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

  /// The figures that stand for themselves and as a ratio to the dense network.
  static let measured: [FrontColumn] = [.parameters, .macs, .size, .latency]

  /// Rows can be put in its order: it holds numbers, or names that have one.
  package var sorts: Bool {
    switch self {
    case .interval, .sparsity, .plan, .network: false
    default: true
    }
  }
}
