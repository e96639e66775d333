import ModelGraph
import Testing

/// Shape rules and evaluation against the results that the onnx package computed.
@Suite struct NodeCaseTests {
  /// Results whose shape the data gives, and those that need constants which a case does not have.
  private static let dataDependent: Set<String> = ["NonMaxSuppression", "Unique", "Compress", "NonZero", "Range"]

  @Test func everyOperatorWithATestCaseIsThere() {
    #expect(NodeCase.all.count > 1100)
    #expect(Set(NodeCase.all.map(\.op.onnxName)).count > 165)
  }

  @Test(arguments: Dictionary(grouping: NodeCase.all, by: \.op.onnxName).sorted { $0.key < $1.key }.map(\.value))
  func typesAndShapesFollow(cases: [NodeCase]) throws {
    for test in cases {
      let facts = try test.node.outputFacts(of: test.inputs.map { $0?.fact })
      for (position, (fact, expected)) in zip(facts, test.outputs).enumerated() {
        guard let expected else { continue }
        #expect(fact.elementType == expected.elementType, "\(test.name), output \(position)")
        if let shape = fact.shape {
          #expect(shape == expected.shape, "\(test.name), output \(position)")
        } else {
          #expect(Self.dataDependent.contains(test.op.onnxName), "\(test.name) has no shape for output \(position)")
        }
      }
      #expect(facts.count >= test.outputs.count)
    }
  }

  /// With nothing known of any input a rule may say little, but must not fail.
  @Test func unknownShapesAreAccepted() throws {
    for test in NodeCase.all {
      let facts = try test.node.outputFacts(
        of: test.inputs.map { value in
          value.map { ValueFact($0.elementType, shape: nil) }
        })
      for (fact, expected) in zip(facts, test.outputs) {
        guard let expected else { continue }
        #expect(fact.elementType == expected.elementType, "\(test.name)")
        #expect(fact.shape == nil || fact.shape == expected.shape, "\(test.name)")
      }
    }
  }

  @Test(arguments: Dictionary(grouping: NodeCase.all, by: \.op.onnxName).sorted { $0.key < $1.key }.map(\.value))
  func constantsAreEvaluated(cases: [NodeCase]) throws {
    // Dropout is the identity for us, also where a file asks for training.
    for test in cases where !test.name.contains("training_dropout") {
      let inputs = test.inputs.map { $0?.tensor }
      guard zip(test.inputs, inputs).allSatisfy({ $0 == nil || $1 != nil }), test.outputs[0]?.tensor != nil else {
        continue
      }
      let results = try test.node.evaluated(on: inputs, limit: 4096)
      #expect(results != nil, "\(test.name) is not evaluated")
      for (result, expected) in zip(results ?? [], test.outputs) {
        guard let expected, let tensor = expected.tensor else { continue }
        #expect(result.elementType == expected.elementType && result.shape == expected.shape, "\(test.name)")
        #expect(Self.areClose(result, tensor), "\(test.name): \(result.doubleValues) for \(tensor.doubleValues)")
      }
    }
  }

  private static func areClose(_ left: TensorData, _ right: TensorData) -> Bool {
    guard left.elementType.isFloatingPoint else { return left.bytes == right.bytes }
    let tolerance =
      switch left.elementType {
      case .float16, .bfloat16: 1e-2
      default: 1e-5
      }
    return zip(left.doubleValues, right.doubleValues).allSatisfy { a, b in
      a == b || a.isNaN && b.isNaN || abs(a - b) <= tolerance * max(1, abs(b))
    }
  }
}
