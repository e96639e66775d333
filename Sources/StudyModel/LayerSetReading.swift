/// The layers that plans may prune.
enum LayerSetReading {
  static func layers(_ cursor: SpecCursor) throws -> LayerSet {
    let section = try cursor.section()
    var layers = LayerSet()
    if let include = section["include"] { layers.include = try include.distinct(pattern) }
    if let exclude = section["exclude"] { layers.exclude = try exclude.items().map(pattern) }
    if let kinds = section["kinds"] {
      layers.kinds =
        try kinds.unless("all") { try $0.distinct { try $0.string("an operator's ONNX name, such as Conv") } } ?? []
    }
    if let depth = section["depth"] { layers.depth = try readDepth(depth) }
    layers.first = try section["first"]?.unless("all", count)
    layers.last = try section["last"]?.unless("all", count)
    return layers
  }

  private static func readDepth(_ cursor: SpecCursor) throws -> ClosedRange<Double> {
    let expected = "two shares of the network's depth that rise, such as [0, 0.5]"
    let ends = try cursor.items().map { try $0.number(expected) { (0...1).contains($0) } }
    guard ends.count == 2, ends[0] <= ends[1] else {
      throw cursor.error(.outOfRange, "\(ends) are not two shares that rise", remedy: "Write \(expected).")
    }
    return ends[0]...ends[1]
  }

  private static func count(_ cursor: SpecCursor) throws -> Int {
    try cursor.integer("a number of layers from 1, or all", in: 1...1_000_000)
  }

  private static func pattern(_ cursor: SpecCursor) throws -> String {
    let text = try cursor.string("a layer's name, * and ? allowed")
    return text == "all" ? "*" : text
  }
}
