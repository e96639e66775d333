import ChannelGroups
import ModelGraph
import Support

/// A network as one SVG picture: what can leave together has one colour, what stays is grey, what carries no channels white.
package struct GraphPicture {
  private let graph: Graph
  private let shapes: [String: [Int]]
  private let layout: GraphLayout
  /// For each node, the group whose units its output carries.
  private let groupOfNode: [Int?]
  private let pinned: [String: String]
  private let groups: [ChannelGroup]
  private let names: [String]

  /// Throws `GraphError` when the network's shapes do not fit.
  package init(_ graph: Graph, analysis: ChannelAnalysis) throws {
    self.graph = graph
    shapes = try graph.shapes()
    layout = GraphLayout(graph)
    groups = analysis.groups
    names = analysis.groups.map(\.name)
    pinned = Dictionary(
      analysis.pinnedGroups.flatMap { group in group.layers.map { ($0, group.pinned ?? "") } },
      uniquingKeysWith: { first, _ in first })
    let shapes = shapes
    groupOfNode = graph.nodes.map { node in
      guard let output = node.outputs.first, let rank = shapes[output]?.count else { return nil }
      for axis in 0..<rank {
        guard let places = analysis.units(along: output, axis: axis) else { continue }
        // A joined value shows the group that it holds most of.
        let counts = places.compactMap { $0?.group }.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
        if let most = counts.max(by: { ($0.value, -$0.key) < ($1.value, -$1.key) }) { return most.key }
      }
      return nil
    }
  }

  /// The picture; it stands alone and follows the reader's choice of a light or dark screen.
  package var svg: String {
    let legendWidth = 330.0
    let legendHeight = Double(groups.count + 3) * 20 + 20
    let size = (layout.width + legendWidth, max(layout.height, legendHeight) + 20)
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.number(size.0)) \(Self.number(size.1))" \
      width="\(Self.number(size.0))" height="\(Self.number(size.1))" font-family="system-ui, sans-serif" font-size="11">
      <title>\(HTMLText.escaped(graph.name)): channels that leave together</title>
      <style>\(Self.style)</style>
      <rect class="paper" width="100%" height="100%"/>
      \(edges)\(boxes)\(legend)</svg>

      """
  }

  private var edges: String {
    layout.edges.map { edge in
      let (from, to) = (layout.boxes[edge.from], layout.boxes[edge.to])
      let middle = GraphLayout.boxWidth / 2
      let (x1, y1, x2, y2) = (from.x + middle, from.y + from.height, to.x + middle, to.y)
      let points: [Double]
      if to.row == from.row + 1 {
        points = [x1, y1 + 16, x2, y2 - 16]
      } else {
        // Past the boxes between, to the side, further for longer ways.
        let bend = min(40 + 14 * Double(to.row - from.row), 190)
        points = [x1 + middle + bend, y1 + 24, x2 + middle + bend, y2 - 24]
      }
      let path = points.map(Self.number)
      return """
        <path class="edge" d="M\(Self.number(x1)),\(Self.number(y1)) C\(path[0]),\(path[1]) \(path[2]),\(path[3]) \
        \(Self.number(x2)),\(Self.number(y2))"/>

        """
    }.joined()
  }

  private var boxes: String {
    layout.boxes.map { box in
      let first = graph.nodes[box.nodes[0]]
      let group = box.nodes.lazy.compactMap { groupOfNode[$0] }.first
      let reason = box.nodes.lazy.compactMap { pinned[graph.nodes[$0].name] }.first
      let fill = group.map(Self.fill) ?? (reason == nil ? Self.plain : Self.kept)
      let shape = graph.nodes[box.nodes[box.nodes.count - 1]].outputs.first.flatMap { shapes[$0] }
      let words = box.nodes.map { graph.nodes[$0].op.onnxName }
      let title =
        box.nodes.map { "\(graph.nodes[$0].op.onnxName) \(graph.nodes[$0].name)" }.joined(separator: "\n")
        + (group.map { "\ngroup \(names[$0])" } ?? "") + (reason.map { "\nstays: \($0)" } ?? "")
      var text = """
        <g><title>\(HTMLText.escaped(title))</title><rect \(fill) x="\(Self.number(box.x))" \
        y="\(Self.number(box.y))" width="\(Self.number(GraphLayout.boxWidth))" height="\(Self.number(box.height))" \
        rx="5"/>

        """
      var y = box.y + 15
      text += Self.text(words[0], x: box.x + 8, y: y, weight: 600)
      let sizes = shape.map { $0.map(String.init).joined(separator: "x") } ?? "?"
      text += Self.text(sizes, x: box.x + GraphLayout.boxWidth - 8, y: y, anchor: "end")
      y += GraphLayout.lineHeight
      text += Self.text(Self.shortened(first.name, to: 36), x: box.x + 8, y: y)
      for word in words.dropFirst() {
        y += GraphLayout.lineHeight
        text += Self.text(word, x: box.x + 8, y: y, weight: 600)
      }
      return text + "</g>\n"
    }.joined()
  }

  private var legend: String {
    let x = layout.width
    var y = 30.0
    var result = Self.text(
      "Groups of channels that can only be removed together", x: x, y: y, weight: 600, onPaper: true)
    func entry(_ fill: String, _ words: String) {
      y += 20
      result +=
        "<rect \(fill) x=\"\(Self.number(x))\" y=\"\(Self.number(y - 10))\" width=\"14\" height=\"12\"/>"
      result += Self.text(words, x: x + 20, y: y, onPaper: true)
    }
    for (index, group) in groups.enumerated() {
      entry(Self.fill(index), "\(Self.shortened(group.name, to: 34)): \(group.units.count) units")
    }
    entry(Self.kept, "stays whole")
    entry(Self.plain, "carries no channels")
    return result
  }

  private static let plain = "class=\"box plain\""
  private static let kept = "class=\"box kept\""

  /// Neighbouring groups get hues far apart: steps of the golden angle.
  private static func fill(_ group: Int) -> String {
    let hue = (Double(group) * 137.50776).truncatingRemainder(dividingBy: 360)
    return "class=\"box\" fill=\"hsl(\(Int(hue)), 62%, \(group % 2 == 0 ? 74 : 62)%)\""
  }

  private static func text(
    _ words: String, x: Double, y: Double, weight: Int = 400, anchor: String = "start", onPaper: Bool = false
  ) -> String {
    """
    <text\(onPaper ? " class=\"out\"" : "") x="\(number(x))" y="\(number(y))" font-weight="\(weight)" text-anchor="\(anchor)">\
    \(HTMLText.escaped(words))</text>

    """
  }

  /// Ends matter more than beginnings in the names of layers.
  private static func shortened(_ name: String, to limit: Int) -> String {
    name.count <= limit ? name : "…" + name.suffix(limit - 1)
  }

  private static func number(_ value: Double) -> String {
    let tenths = (value * 10).rounded() / 10
    return tenths == tenths.rounded() ? "\(Int(tenths))" : "\(tenths)"
  }

  /// Plain classes, since not every viewer of SVG knows variables.
  private static let style = """
    .paper { fill: #ffffff; } .plain { fill: #ffffff; } .kept { fill: #c9ced4; } .box { stroke: #7d8792; }
    text { fill: #1c1f23; } .edge { fill: none; stroke: #7d8792; stroke-width: 1.2; }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #16191c; } .plain { fill: #e8eaec; } .kept { fill: #9aa2ab; } .out { fill: #e6e8ea; }
      .edge { stroke: #8d97a2; }
    }
    """
}
