import Evaluation
import Foundation
import Support

/// The figures of one or more networks side by side; the last column compares the last network with the first.
struct FigureTable {
  private let columns: [(name: String, figures: NetworkFigures)]

  init(_ columns: [(String, NetworkFigures)]) {
    self.columns = columns.map { (name: $0.0, figures: $0.1) }
  }

  var text: String {
    var table = TextTable(figures: [""] + columns.map(\.name) + (columns.count > 1 ? ["ratio"] : []))
    table.add(row("parameters", \.parameters, Units.count))
    if columns.contains(where: { $0.figures.nonzeroParameters != $0.figures.parameters }) {
      table.add(row("non-zero", \.nonzeroParameters, Units.count))
    }
    table.add(row("MACs", \.macs, Units.count))
    table.add(row("size", \.sizeBytes, Units.bytes))
    table.add(row("stored", \.storedBytes, Units.bytes))
    if columns.contains(where: { $0.figures.accuracy != nil }) {
      table.add(["accuracy"] + columns.map { $0.figures.accuracy.map { Units.percent($0.share) } ?? "" })
      table.add(
        ["  95% interval"]
          + columns.map { column in
            guard let interval = column.figures.accuracy?.interval else { return "" }
            return "\(Units.percent(interval.lowerBound)) - \(Units.percent(interval.upperBound))"
          })
      table.add(["  samples"] + columns.map { $0.figures.accuracy.map { "\($0.total)" } ?? "" })
      table.add(["loss"] + columns.map { $0.figures.loss.map { String(format: "%.4f", $0) } ?? "" })
    }
    return table.text
  }

  private func row(_ name: String, _ path: KeyPath<NetworkFigures, Int>, _ format: (Int) -> String) -> [String] {
    var cells = [name] + columns.map { format($0.figures[keyPath: path]) }
    if let first = columns.first, let last = columns.last, columns.count > 1 {
      let dense = first.figures[keyPath: path]
      cells.append(dense > 0 ? String(format: "%.3f", Double(last.figures[keyPath: path]) / Double(dense)) : "")
    }
    return cells
  }
}
