import Foundation
import ModelGraph
import Support
import Testing

/// What a file can hold must end in an error at worst: no trap, no endless loop, no huge list.
@Suite struct HostileShapeTests {
  private static let extremes = [
    0, -1, 1, 2, 3, 7, -2, 255, 1 << 31, 1 << 32, (1 << 32) + 1, 1 << 40, 1 << 62, Int.max, Int.max - 1, Int.min,
    Int.min + 1, -(1 << 32),
  ]

  /// Numbers anywhere in the attributes, shapes and constants of every case replaced by extreme ones.
  private struct Mutation {
    var generator: SeededGenerator

    mutating func chance(_ share: Double) -> Bool { generator.uniform() < share }
    mutating func extreme() -> Int { extremes[Int(generator.uniform() * Double(extremes.count))] }

    mutating func mutated(_ value: Any) -> Any {
      if let list = value as? [Any] {
        var result = list.map { mutated($0) }
        if chance(0.05), !result.isEmpty { result.removeLast() }
        if chance(0.05), let last = result.last { result.append(last) }
        return result
      }
      return value is Int && chance(0.3) ? extreme() : value
    }

    mutating func mutatedInput(_ value: Any) -> Any {
      guard var input = value as? [String: Any] else { return value }
      if chance(0.3) {
        input["s"] = mutated(input["s"] as! [Any])
        input["v"] = nil
      } else if chance(0.5), input["t"] as! String == "int64", let text = input["v"] as? String {
        var bytes = Data(base64Encoded: text)!
        for start in stride(from: 0, to: bytes.count, by: 8) where chance(0.4) {
          bytes.replaceSubrange(start..<(start + 8), with: withUnsafeBytes(of: extreme()) { Data($0) })
        }
        input["v"] = bytes.base64EncodedString()
      }
      return input
    }
  }

  @Test(arguments: 0..<8) func mutatedCasesEndInErrorsAtWorst(round: Int) throws {
    var mutation = Mutation(generator: SeededGenerator(seed: UInt64(round), stream: "hostile"))
    var refused = 0
    for line in NodeCase.lines {
      var json = NodeCase.parsed(line)
      json["attributes"] = (json["attributes"] as! [String: Any]).mapValues { mutation.mutated($0) }
      json["inputs"] = (json["inputs"] as! [Any]).map { mutation.mutatedInput($0) }
      // Attributes of the wrong number of values are refused as they are read.
      guard let test = try? NodeCase(json) else { continue }
      do {
        let facts = try test.node.outputFacts(of: test.inputs.map { $0?.fact })
        for shape in facts.compactMap(\.shape) {
          #expect(shape.allSatisfy { $0 >= 0 }, "\(test.name): \(shape)")
        }
        let shapes = zip(test.node.inputs + test.node.outputs, test.inputs.map { $0?.shape } + facts.map(\.shape))
        let count = test.node.multiplyAccumulates(
          shapes: Dictionary(shapes.map { ($0, $1 ?? []) }, uniquingKeysWith: { first, _ in first }))
        #expect((count ?? 0) >= 0)
      } catch {
        let error = try #require(error as? GraphError, "\(test.name): \(error)")
        #expect(error.code == .shapeMismatch && error.message.contains("'\(test.name)'"), "\(error)")
        refused += 1
      }
    }
    #expect(refused > 100)
  }

  @Test func tooFewAndTooManyInputsAndOutputs() {
    for op in Operator.catalogue {
      let limits = op.inputCounts
      let vector = ValueFact(.float32, shape: [2])
      for count in [limits.lowerBound - 1, limits.upperBound == Int.max ? -1 : limits.upperBound + 1] where count >= 0 {
        let node = Node(name: "n", op: op, inputs: (0..<count).map { "x\($0)" }, outputs: ["y"])
        #expect(throws: GraphError.self, "\(op.onnxName) of \(count)") {
          try node.outputFacts(of: Array(repeating: vector, count: count))
        }
      }
    }
    let relu = Node(name: "n", op: .activation(.relu), inputs: ["x"], outputs: ["y", "z"])
    #expect(throws: GraphError.self) { try relu.outputFacts(of: [ValueFact(.float32, shape: [2])]) }
  }

  /// A result without elements but with long axes is not laid out position by position.
  @Test func emptyResultsWithLongAxesStayUnevaluated() throws {
    let empty = try TensorData(.float32, shape: [1, 0], bytes: Data())
    let node = Node(name: "n", op: .tile, inputs: ["x", "repeats"], outputs: ["y"])
    let facts = try node.outputFacts(of: [
      ValueFact(empty), ValueFact(TensorData(shape: [2], integers: [1 << 32, 1])),
    ])
    #expect(facts[0].shape == [1 << 32, 0])
    #expect(facts[0].constant == nil)
  }

  @Test func inputsBeyondTheLimitsAreRefused() {
    for shape in [[1 << 33], [1 << 21, 1 << 21], [-1], Array(repeating: 1, count: 65)] {
      let graph = Graph(
        name: "g", inputs: [ValueInfo(name: "x", shape: shape.map { .fixed($0) })], outputs: [], nodes: [],
        weights: [:])
      let error = #expect(throws: GraphError.self) { try graph.facts() }
      #expect(error?.message.contains("'x'") == true)
    }
  }
}
