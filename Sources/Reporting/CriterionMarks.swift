import Foundation
import StudyModel

/// A colour and a shape for each criterion of a study, so that the report can be read without telling colours apart.
///
/// The first eight criteria differ in both. The first four colours stay apart for red-blind and green-blind readers too, and each
/// has a contrast of three to one or more with the page, by day and by night.
package struct CriterionMarks: Sendable {
  package static let lightColours = [
    "#0072b2", "#d55e00", "#00805a", "#a8447f", "#9a6c00", "#2a87bd", "#7a4a21", "#6a51c7",
  ]
  package static let darkColours = [
    "#5ab0ee", "#ff8f52", "#3fcf9f", "#ea9cc8", "#f0bc3e", "#a4dcff", "#d6a982", "#b3a2ff",
  ]

  enum Shape: CaseIterable {
    case circle, square, triangle, diamond, tip, cross, plus, star
  }

  /// In the order in which the criteria are declared, whatever the study's order: the same study gives the same bytes.
  package let criteria: [Criterion]

  package init(_ report: StudyReport) {
    let used = Set(report.history.map(\.plan.criterion))
    criteria = Criterion.allCases.filter(used.contains)
  }

  /// The class of the report's style sheet that colours a criterion's marks.
  func style(_ criterion: Criterion) -> String { "c\(number(criterion) % Self.lightColours.count)" }

  func shape(_ criterion: Criterion) -> Shape {
    let (number, count) = (number(criterion), Shape.allCases.count)
    return Shape.allCases[(number + number / count) % count]
  }

  private func number(_ criterion: Criterion) -> Int { criteria.firstIndex(of: criterion) ?? 0 }

  /// The legend's rows: each criterion behind its mark.
  var legend: String {
    let items = criteria.map { criterion in
      "<li>\(swatch(criterion)) \(HTMLText.escaped(criterion.rawValue))</li>\n"
    }
    return "<ul class=\"legend\">\n\(items.joined())</ul>\n"
  }

  /// A criterion's mark for text.
  func swatch(_ criterion: Criterion) -> String {
    "<svg class=\"swatch\" viewBox=\"0 0 14 14\" aria-hidden=\"true\"><path class=\"front \(style(criterion))\" "
      + "d=\"\(shape(criterion).path(x: 7, y: 7, radius: 5))\"/></svg>"
  }
}

extension CriterionMarks.Shape {
  /// The outline around a point, as the data of an SVG path.
  func path(x: Double, y: Double, radius r: Double) -> String {
    func polygon(_ corners: [(Double, Double)]) -> String {
      "M" + corners.map { "\(number(x + $0 * r)) \(number(y + $1 * r))" }.joined(separator: "L") + "Z"
    }
    switch self {
    case .circle:
      let arc = "a\(number(r)) \(number(r)) 0 1 0 "
      return "M\(number(x - r)) \(number(y))\(arc)\(number(2 * r)) 0\(arc)\(number(-2 * r)) 0Z"
    case .square: return polygon([(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)])
    case .triangle: return polygon([(0, -1.15), (1.05, 0.8), (-1.05, 0.8)])
    case .diamond: return polygon([(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)])
    case .tip: return polygon([(0, 1.15), (1.05, -0.8), (-1.05, -0.8)])
    case .plus: return polygon(Self.plusCorners)
    case .cross:
      let turn = 0.5.squareRoot()
      return polygon(Self.plusCorners.map { (($0 - $1) * turn, ($0 + $1) * turn) })
    case .star:
      return polygon(
        (0..<10).map { corner in
          let (angle, length) = (Double(corner) * .pi / 5, corner % 2 == 0 ? 1.25 : 0.55)
          return (sin(angle) * length, -cos(angle) * length)
        })
    }
  }

  private static let plusCorners: [(Double, Double)] = [
    (-0.38, -1.1), (0.38, -1.1), (0.38, -0.38), (1.1, -0.38), (1.1, 0.38), (0.38, 0.38), (0.38, 1.1), (-0.38, 1.1),
    (-0.38, 0.38), (-1.1, 0.38), (-1.1, -0.38), (-0.38, -0.38),
  ]

  private func number(_ value: Double) -> String { String(format: "%.1f", value) }
}
