import ModelGraph

/// Places a network's nodes on a page, inputs at the top: chains share a box, boxes lie in rows by their longest path from an
/// input, and within a row near what they read.
///
/// Layered drawing after Sugiyama, Tagawa and Toda 1981 (ranks, then barycentres), without their dummy nodes: edges over
/// several rows leave sideways instead. Linear in the edges for each sweep.
struct GraphLayout {
  struct Box {
    /// Positions in the graph's nodes, in order; at least one.
    var nodes: [Int]
    var row: Int
    /// Left edge and top, in points.
    var x: Double = 0
    var y: Double = 0
    var height: Double
  }

  struct Edge {
    var from: Int
    var to: Int
  }

  static let boxWidth = 230.0
  static let lineHeight = 15.0
  private static let gap = (x: 36.0, y: 34.0)

  private(set) var boxes: [Box] = []
  private(set) var edges: [Edge] = []
  private(set) var width = 0.0
  private(set) var height = 0.0

  init(_ graph: Graph) {
    let readers = graph.consumers()
    var maker: [String: Int] = [:]
    for (position, node) in graph.nodes.enumerated() {
      for output in node.outputs where !output.isEmpty { maker[output] = position }
    }
    var boxOf = [Int](repeating: -1, count: graph.nodes.count)
    for (position, node) in graph.nodes.enumerated() {
      let sources = node.inputs.compactMap { maker[$0] }
      if node.followsInItsBox, let only = sources.first, sources.count == 1,
        let value = node.inputs.first(where: { maker[$0] == only }), readers[value]?.count == 1,
        boxes[boxOf[only]].nodes.last == only
      {
        boxOf[position] = boxOf[only]
        boxes[boxOf[only]].nodes.append(position)
        boxes[boxOf[only]].height += Self.lineHeight
      } else {
        let row = sources.map { boxes[boxOf[$0]].row + 1 }.max() ?? 0
        boxOf[position] = boxes.count
        boxes.append(Box(nodes: [position], row: row, height: 2 * Self.lineHeight + 8))
      }
      for source in Set(sources).sorted() where boxOf[source] != boxOf[position] {
        edges.append(Edge(from: boxOf[source], to: boxOf[position]))
      }
    }
    place()
  }

  private mutating func place() {
    guard let last = boxes.map(\.row).max() else { return }
    var rows: [[Int]] = Array(repeating: [], count: last + 1)
    for (index, box) in boxes.enumerated() { rows[box.row].append(index) }
    var above: [[Int]] = Array(repeating: [], count: boxes.count)
    var below = above
    for edge in edges {
      above[edge.to].append(edge.from)
      below[edge.from].append(edge.to)
    }
    for index in boxes.indices { boxes[index].x = Double(rows[boxes[index].row].firstIndex(of: index) ?? 0) }
    for sweep in 0..<4 {
      let neighbours = sweep % 2 == 0 ? above : below
      for row in sweep % 2 == 0 ? Array(rows.indices) : rows.indices.reversed() {
        let wished = rows[row].map { index -> (Double, Int) in
          let near = neighbours[index].map { boxes[$0].x }
          return (near.isEmpty ? boxes[index].x : near.reduce(0, +) / Double(near.count), index)
        }
        let ordered = wished.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
        // Around the same middle as the other rows, a unit apart.
        let middle = Double(ordered.count - 1) / 2
        for (place, entry) in ordered.enumerated() { boxes[entry.1].x = Double(place) - middle }
        rows[row] = ordered.map(\.1)
      }
    }
    let step = Self.boxWidth + Self.gap.x
    let widest = Double(rows.map(\.count).max() ?? 1)
    width = widest * step + 2 * Self.gap.x
    var top = Self.gap.y
    for row in rows {
      for index in row {
        boxes[index].x = width / 2 + boxes[index].x * step - Self.boxWidth / 2
        boxes[index].y = top
      }
      top += (row.map { boxes[$0].height }.max() ?? 0) + Self.gap.y
    }
    height = top
  }
}

extension Node {
  /// A node that only works on each element (or normalises) is written under what it works on.
  fileprivate var followsInItsBox: Bool {
    switch op {
    case .activation, .unary, .batchNormalization, .clip, .identity, .dropout, .cast: true
    default: false
    }
  }
}
