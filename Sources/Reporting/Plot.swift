import Foundation

/// A drawing of marks over two axes, as inline SVG without scripts.
struct Plot {
  struct Mark {
    let x: Double
    let y: Double
    /// Classes of the report's style sheet: "front c3", "other c3", "dense".
    let style: String
    var shape = CriterionMarks.Shape.circle
    var radius = 5.0
    /// Shown when the pointer rests on the mark.
    let title: String
    /// Beside the mark; empty for none.
    var label = ""
  }

  let title: String
  let xLabel: String
  let yLabel: String
  /// Drawn in this order, so the last lie on top.
  var marks: [Mark] = []
  /// The corners of a line, in order.
  var line: [(x: Double, y: Double)] = []
  /// A class of the style sheet: "line", or "border" for a thinner, broken one.
  var lineStyle = "line"
  var includesZero = false
  /// What the axes are made to fit, beside the line; marks outside are counted and not drawn. Nil fits all marks.
  var fitted: [(x: Double, y: Double)]?
  var leastSpan = (x: 1e-9, y: 1e-9)

  private static let (width, height) = (520.0, 340.0)
  private static let (left, right, top, bottom) = (62.0, 508.0, 14.0, 290.0)

  private var xScale: PlotScale {
    PlotScale(
      (fitted?.map(\.x) ?? marks.map(\.x)) + line.map(\.x), pixels: Self.left...Self.right, includesZero: includesZero,
      leastSpan: leastSpan.x)
  }

  private var yScale: PlotScale {
    PlotScale(
      (fitted?.map(\.y) ?? marks.map(\.y)) + line.map(\.y), pixels: Self.top...Self.bottom, isReversed: true,
      includesZero: includesZero, leastSpan: leastSpan.y)
  }

  var svg: String {
    let (x, y) = (xScale, yScale)
    let inside = marks.filter { x.contains($0.x) && y.contains($0.y) }
    var svg =
      "<figure><svg viewBox=\"0 0 \(number(Self.width)) \(number(Self.height))\" role=\"img\" "
      + "aria-label=\"\(HTMLText.escaped(title))\">\n"
    svg += axes(x, y)
    if !line.isEmpty {
      let points = line.map { "\(number(x.position($0.x))),\(number(y.position($0.y)))" }.joined(separator: " ")
      svg += "<polyline class=\"\(lineStyle)\" points=\"\(points)\"/>\n"
    }
    for mark in inside {
      let (left, top) = (x.position(mark.x), y.position(mark.y))
      svg +=
        "<path class=\"mark \(mark.style)\" d=\"\(mark.shape.path(x: left, y: top, radius: mark.radius))\">"
        + "<title>\(HTMLText.escaped(mark.title))</title></path>\n"
    }
    for mark in inside where !mark.label.isEmpty {
      let (left, top) = (x.position(mark.x), y.position(mark.y))
      // A label that would leave the frame stands before its mark.
      let isAtEdge = left > Self.right - 36
      svg +=
        "<text class=\"label\" x=\"\(number(isAtEdge ? left - 8 : left + 8))\" y=\"\(number(max(top - 6, Self.top + 8)))\""
        + "\(isAtEdge ? " text-anchor=\"end\"" : "")>\(HTMLText.escaped(mark.label))</text>\n"
    }
    return svg + "</svg><figcaption>\(HTMLText.escaped(caption(inside.count)))</figcaption></figure>\n"
  }

  private func caption(_ drawn: Int) -> String {
    let outside = marks.count - drawn
    guard outside > 0 else { return title }
    return title + " " + (outside == 1 ? "One evaluation lies" : "\(outside) evaluations lie") + " outside these axes."
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
