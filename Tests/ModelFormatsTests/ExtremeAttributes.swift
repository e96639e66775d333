import ModelGraph
import Support

/// Puts numbers from the ends of their range into attributes, shapes and constants.
struct ExtremeAttributes: AttributeCoder {
  private var generator: SeededGenerator

  init(generator: SeededGenerator) {
    self.generator = generator
  }

  private static let numbers = [
    0, 1, 2, 3, 4, 5, -1, -2, -3, 7, 64, 1 << 20, 1 << 31, -(1 << 31), 1 << 32, 1 << 40, 1 << 62, Int.max, Int.min,
    Int.max - 1, Int.min + 1,
  ]

  private mutating func number() -> Int {
    // Small ones more often, so that some networks are right for a while.
    let bound = generator.integer(below: 2) == 0 ? 6 : Self.numbers.count
    return Self.numbers[generator.integer(below: bound)]
  }

  private mutating func list(_ longest: Int = 8) -> [Int] {
    (0..<generator.integer(below: longest + 1)).map { _ in number() }
  }

  // MARK: Networks

  /// The network with some constants and attributes replaced.
  mutating func mutated(_ graph: Graph) throws -> Graph {
    var result = graph
    for _ in 0...generator.integer(below: 3) {
      let position = generator.integer(below: result.nodes.count)
      if generator.integer(below: 2) == 0 {
        try result.nodes[position].op.codeAttributes(with: &self)
      } else if let name = result.nodes[position].inputs.last(where: { result.weights[$0]?.elementType == .int64 }) {
        result.weights[name] = integers(like: result.weights[name])
      } else if let first = result.nodes[position].inputs.first, !first.isEmpty {
        // An input of another shape.
        result.nodes[position].inputs = Array(repeating: first, count: 1 + generator.integer(below: 6))
      }
    }
    return result
  }

  private mutating func integers(like data: TensorData?) -> TensorData {
    let values = generator.integer(below: 3) == 0 ? list() : (0..<(data?.elementCount ?? 0)).map { _ in number() }
    return TensorData(shape: [values.count], integers: values.map(Int64.init))
  }

  /// The operator between inputs of small and large shapes and integer constants.
  mutating func network(of op: Operator) -> Graph {
    var op = op
    try? op.codeAttributes(with: &self)
    var graph = Graph(name: "extreme", inputs: [], outputs: [], nodes: [], weights: [:], opset: 28)
    var inputs: [String] = []
    for position in 0..<(1 + generator.integer(below: 6)) {
      let name = "v\(position)"
      switch generator.integer(below: 4) {
      case 0: graph.weights[name] = integers(like: TensorData.zeros([1 + generator.integer(below: 4)]))
      case 1: graph.weights[name] = .filled([1, 2, 3, 4].suffix(generator.integer(below: 5)), with: 0.5)
      case 2 where position > 0: inputs.append("")
      default:
        let sizes: [ModelGraph.Dimension] = (0..<generator.integer(below: 6)).map { axis in
          generator.integer(below: 6) == 0
            ? .symbolic("n\(axis)") : .fixed([1, 2, 4, 4, 8, 1 << 20, Int(Int32.max)][generator.integer(below: 7)])
        }
        graph.inputs.append(ValueInfo(name: name, shape: sizes))
      }
      if inputs.count == position { inputs.append(name) }
    }
    let outputs = (0..<(1 + generator.integer(below: 3))).map { "y\($0)" }
    graph.nodes = [Node(name: "node", op: op, inputs: inputs, outputs: outputs)]
    graph.outputs = [ValueInfo(name: "y0", shape: [.symbolic("any")])]
    return graph
  }

  // MARK: Attributes

  mutating func integer(_ name: String, _ value: inout Int, default: Int?) throws { value = number() }
  mutating func optionalInteger(_ name: String, _ value: inout Int?) throws { value = number() }
  mutating func flag(_ name: String, _ value: inout Bool, default: Bool) throws { value.toggle() }
  mutating func decimal(_ name: String, _ value: inout Double, default: Double) throws {
    value = [0, -1, 1e38, 1e-38, 0.5][generator.integer(below: 5)]
  }
  mutating func optionalDecimal(_ name: String, _ value: inout Double?) throws { value = -1e38 }
  mutating func integers(_ name: String, _ value: inout [Int]) throws { value = list() }
  mutating func optionalIntegers(_ name: String, _ value: inout [Int]?) throws { value = list() }
  mutating func decimals(_ name: String, _ value: inout [Double]) throws { value = [1e38] }
  mutating func text(_ name: String, _ value: inout String) throws {
    value = ["", "ij,jk->ik", "...,->", "i->ii", ",,,->->", "\u{0}"][generator.integer(below: 6)]
  }
  mutating func word<Word: AttributeWord>(_ name: String, _ value: inout Word, default: Word) throws {
    let all = Array(Word.allCases)
    value = all[generator.integer(below: all.count)]
  }
  mutating func words<Word: AttributeWord>(_ name: String, _ value: inout [Word]) throws {
    value = Array(Word.allCases.prefix(generator.integer(below: 4)))
  }
  mutating func elementType(_ name: String, _ value: inout ElementType?) throws {
    value = ElementType.allCases[generator.integer(below: ElementType.allCases.count)]
  }
  mutating func tensor(_ name: String, _ value: inout TensorData?) throws { value = integers(like: nil) }
  mutating func ignored(_ name: String) throws {}
}
