import Foundation

/// A drawing of marks over two axes, as inline SVG without scripts.
struct Plot {
  struct Mark {
    let x: Double
    let y: Double
    /// A class of the report's style sheet: "front", "other", "dense".
    let style: String
    /// Shown when the pointer rests on the mark.
    let title: String
  }

  let title: String
  let xLabel: String
  let yLabel: String
  var marks: [Mark] = []
  /// The corners of a line, in order.
  var line: [(x: Double, y: Double)] = []
  var includesZero = false

  private static let (width, height) = (520.0, 340.0)
  private static let (left, right, top, bottom) = (62.0, 508.0, 14.0, 290.0)

  var svg: String {
    let x = PlotScale(
      marks.map(\.x) + line.map(\.x), pixels: Self.left...Self.right, includesZero: includesZero)
    let y = PlotScale(
      marks.map(\.y) + line.map(\.y), pixels: Self.top...Self.bottom, isReversed: true, includesZero: includesZero)
    var svg =
      "<figure><svg viewBox=\"0 0 \(number(Self.width)) \(number(Self.height))\" role=\"img\" "
      + "aria-label=\"\(HTMLText.escaped(title))\">\n"
    svg += axes(x, y)
    if !line.isEmpty {
      let points = line.map { "\(number(x.position($0.x))),\(number(y.position($0.y)))" }.joined(separator: " ")
      svg += "<polyline class=\"line\" points=\"\(points)\"/>\n"
    }
    // The front is drawn last, on top.
    for mark in marks.filter({ $0.style == "other" }) + marks.filter({ $0.style != "other" }) {
      svg +=
        "<circle class=\"\(mark.style)\" cx=\"\(number(x.position(mark.x)))\" cy=\"\(number(y.position(mark.y)))\" "
        + "r=\"\(mark.style == "other" ? "3" : "5")\"><title>\(HTMLText.escaped(mark.title))</title></circle>\n"
    }
    return svg + "</svg><figcaption>\(HTMLText.escaped(title))</figcaption></figure>\n"
  }

  private func axes(_ x: PlotScale, _ y: PlotScale) -> String {
    var svg = ""
    for tick in x.ticks {
      let place = number(x.position(tick))
      svg +=
        "<line class=\"grid\" x1=\"\(place)\" x2=\"\(place)\" y1=\"\(number(Self.top))\" y2=\"\(number(Self.bottom))\"/>"
      svg += "<text x=\"\(place)\" y=\"306\" text-anchor=\"middle\">\(x.label(tick))</text>\n"
    }
    for tick in y.ticks {
      let place = number(y.position(tick))
      svg +=
        "<line class=\"grid\" x1=\"\(number(Self.left))\" x2=\"\(number(Self.right))\" y1=\"\(place)\" y2=\"\(place)\"/>"
      svg += "<text x=\"56\" y=\"\(place)\" dy=\"4\" text-anchor=\"end\">\(y.label(tick))</text>\n"
    }
    svg += "<text class=\"axis\" x=\"285\" y=\"330\" text-anchor=\"middle\">\(HTMLText.escaped(xLabel))</text>\n"
    svg +=
      "<text class=\"axis\" transform=\"translate(14 152) rotate(-90)\" text-anchor=\"middle\">"
      + "\(HTMLText.escaped(yLabel))</text>\n"
    return svg
  }

  private func number(_ value: Double) -> String { String(format: "%.1f", value) }
}
