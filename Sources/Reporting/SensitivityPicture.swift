import Foundation
import StudyModel

/// A sensitivity scan as a heat map: a row for each group, a column for each ratio, the accuracy in every cell.
package struct SensitivityPicture {
  private let title: String
  private let groups: [String]
  private let ratios: [Double]
  private let accuracies: [String: [Double: Double]]
  private let cellWidth = 58.0
  private let cellHeight = 24.0

  /// Groups in the scan's order, ratios ascending.
  package init(_ scan: SensitivityScan, title: String) {
    self.title = title
    var groups: [String] = []
    var accuracies: [String: [Double: Double]] = [:]
    for entry in scan.entries {
      if accuracies[entry.group] == nil { groups.append(entry.group) }
      accuracies[entry.group, default: [:]][entry.ratio] = entry.accuracy
    }
    self.groups = groups
    self.accuracies = accuracies
    ratios = Set(scan.entries.map(\.ratio)).sorted()
  }

  /// The picture; it stands alone. Colours run from the scan's worst accuracy to its best.
  package var svg: String {
    let left = Double(groups.map(\.count).max() ?? 0) * 7 + 20
    let width = left + Double(ratios.count) * cellWidth + 20
    let height = 64 + Double(groups.count) * cellHeight + 30
    var svg = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" width="\(number(width))" \
      height="\(number(height))" font-family="system-ui, sans-serif" font-size="12">
      <title>\(HTMLText.escaped(title))</title>
      <rect width="100%" height="100%" fill="#ffffff"/>
      <text x="10" y="20" font-size="14" fill="#1c1f23">\(HTMLText.escaped(title))</text>

      """
    for (column, ratio) in ratios.enumerated() {
      let x = left + (Double(column) + 0.5) * cellWidth
      svg += "<text x=\"\(number(x))\" y=\"48\" text-anchor=\"middle\" fill=\"#1c1f23\">\(Figure.plain(ratio))</text>\n"
    }
    for (row, group) in groups.enumerated() {
      let y = 56 + Double(row) * cellHeight
      svg +=
        "<text x=\"\(number(left - 8))\" y=\"\(number(y + 16))\" text-anchor=\"end\" fill=\"#1c1f23\">"
        + "\(HTMLText.escaped(group))</text>\n"
      for (column, ratio) in ratios.enumerated() {
        if let accuracy = accuracies[group]?[ratio] {
          svg += cell(accuracy, x: left + Double(column) * cellWidth, y: y)
        }
      }
    }
    return svg
      + "<text x=\"\(number(left))\" y=\"\(number(height - 10))\" fill=\"#5b646d\">share of the group that left; "
      + "accuracy in percent</text>\n</svg>\n"
  }

  private func cell(_ accuracy: Double, x: Double, y: Double) -> String {
    let all = accuracies.values.flatMap(\.values)
    let (low, high) = (all.min() ?? 0, all.max() ?? 1)
    let level = high - low > 1e-9 ? (accuracy - low) / (high - low) : 1
    // From a warm orange to a calm green, equally light, so that the figures stay readable.
    let color = zip([0xf4, 0xa5, 0x6a], [0x8f, 0xd0, 0xa8]).map { worst, best in
      String(format: "%02x", Int((Double(worst) + level * Double(best - worst)).rounded()))
    }.joined()
    return
      "<rect x=\"\(number(x + 1))\" y=\"\(number(y + 1))\" width=\"\(number(cellWidth - 2))\" "
      + "height=\"\(number(cellHeight - 2))\" fill=\"#\(color)\"/>"
      + "<text x=\"\(number(x + cellWidth / 2))\" y=\"\(number(y + 16))\" text-anchor=\"middle\" fill=\"#1c1f23\">"
      + "\(String(format: "%.1f", accuracy * 100))</text>\n"
  }

  private func number(_ value: Double) -> String { String(format: "%.1f", value) }
}
