import Foundation
import ModelFormats
import ModelGraph
import TestSupport
import Testing

/// Operators that ONNX has removed, and forms of the first operator sets, by what they compute. ONNX Runtime, which still runs some
/// of them, is asked by ExportedNetworkTests.
@Suite struct ONNXRemovedOperatorTests {
  private let x = ReferenceTensor.random(shape: [2, 4, 6, 6], seed: 9)

  private func result(_ name: String, _ input: ReferenceTensor? = nil) throws -> ReferenceTensor {
    try ReferenceExecutor.output(of: Golden.network(name), input: input ?? x)
  }

  private func weight(_ graph: Graph, _ name: String) throws -> ReferenceTensor {
    ReferenceTensor(try #require(graph.weights[name]))
  }

  @Test func functionsOfOneElementAndCrops() throws {
    // border: left 1, top 0, right 2, bottom 3.
    let cropped = ReferenceTensor.generate([2, 4, 3, 3]) { place in
      let value = x[[place[0], place[1], place[2], place[3] + 1]]
      let scaled = 2 * value + [1, -1, 0.5, 0.25][place[1]]
      return 3 * 2 * tanh(0.5 * 1.5 * log(1 + exp(2 * (0.5 * scaled - 0.25))))
    }
    let mean = cropped.values.reduce(0, +) / Double(cropped.values.count)
    let expected = ReferenceTensor.generate([2, 4, 3, 3]) { place in
      let value = cropped[place] - mean
      return value > 0.25 ? value : 0
    }
    let graph = try Golden.network("removed_6")
    #expect(graph.nodes.last?.op == .activation(.thresholdedRelu(threshold: 0.25)))
    // The reference has no ThresholdedRelu.
    var before = graph
    before.nodes.removeLast()
    before.outputs[0].name = graph.nodes.last?.inputs.first ?? ""
    let found = try ReferenceExecutor.output(of: before, input: x)
    let limited = found.map { $0 > 0.25 ? $0 : 0 }
    #expect(limited.largestDifference(from: expected) < 1e-5)
  }

  /// A Crop to a size, Affines without one of their numbers or both, and a normalisation over the images of each channel.
  @Test func cropsToASize() throws {
    let graph = try Golden.network("removed_8")
    #expect(graph.nodes.map(\.op.onnxName) == ["Slice", "Identity", "Add", "MeanVarianceNormalization"])
    #expect(graph.nodes.last?.op == .meanVarianceNormalization(axes: [0, 2, 3]))
    var before = graph
    before.nodes.removeLast()
    before.outputs[0].name = graph.nodes.last?.inputs.first ?? ""
    let expected = ReferenceTensor.generate([2, 4, 4, 3]) { x[[$0[0], $0[1], $0[2] + 1, $0[3] + 2]] + 1 }
    #expect(try ReferenceExecutor.output(of: before, input: x).largestDifference(from: expected) == 0)
  }

  /// Slices by inputs, a layer of the time before Gemm, and constants in the shape of an attribute or of an input. The file is of the
  /// first format version, which names no operator set.
  @Test func fillsAndFullyConnectedLayers() throws {
    let graph = try Golden.network("removed_fills_1")
    let (w, b) = (try weight(graph, "w"), try weight(graph, "b"))
    let expected = ReferenceTensor.generate([2, 5]) { place in
      var sum = b.values[place[1]] + Double(place[1] + 1)
      for column in 0..<48 {
        let (channel, rest) = column.quotientAndRemainder(dividingBy: 24)
        sum += x[[place[0], channel + 1, rest / 4, rest % 4 + 2]] * w[[place[1], column]]
      }
      return 0.5 * sum - 2
    }
    #expect(try ReferenceExecutor.output(of: graph.canonical(), input: x).largestDifference(from: expected) < 1e-5)
  }

  @Test func statisticsOfEachPosition() throws {
    let graph = try Golden.network("batchnorm_positions_7")
    let vectors = try ["s", "b", "m", "v"].map { try weight(graph, $0) }
    let expected = ReferenceTensor.generate([2, 4, 6, 6]) { place in
      let own = Array(place[1...])
      return (x[place] - vectors[2][own]) / (vectors[3][own] + 1e-3).squareRoot() * vectors[0][own] + vectors[1][own]
    }
    #expect(try result("batchnorm_positions_7").largestDifference(from: expected) < 1e-5)
  }

  /// Attributes that were inputs later, words for types, broadcasting by an axis, and inputs that may be overwritten.
  @Test func formsOfTheFirstSet() throws {
    let graph = try Golden.network("first_forms_1")
    let (k, l) = (try weight(graph, "k"), try weight(graph, "l"))
    #expect(graph.nodes.contains { $0.op == .concat(axis: 1) })
    #expect(graph.nodes.contains { $0.op == .lpPool(Pooling(kernel: [7, 1]), p: 2) })
    func padded(_ sample: Int, _ channel: Int, _ row: Int, _ column: Int) -> Double {
      row == 0 || column == 6 ? 0.5 : x[[sample, channel, row - 1, column]]
    }
    let expected = ReferenceTensor.generate([2, 16, 14]) { place in
      let (channel, column) = (place[1] % 8, place[2] % 7)
      let squares = (0..<7).reduce(0.0) { sum, row in
        let value = padded(place[0], channel % 4, row, column)
        let kept = channel < 4 ? max(value, 0) : value
        return sum + kept * kept
      }
      return squares.squareRoot() * k.values[place[1]] + l[[place[1], place[2]]]
    }
    // The reference has neither pools of powers nor enlargement: what they do is a reduction and a repetition here.
    var plain = graph
    for (position, node) in graph.nodes.enumerated() {
      if case .lpPool = node.op {
        plain.nodes[position].op = .reduce(Reduction(.l2, keepsAxes: true))
        plain.nodes[position].inputs.append("rows")
        plain.weights["rows"] = TensorData(shape: [1], integers: [2])
      }
      if case .resize = node.op {
        plain.nodes[position].op = .tile
        plain.nodes[position].inputs = [node.inputs[0], "copies"]
        plain.weights["copies"] = TensorData(shape: [4], integers: [1, 1, 2, 1])
      }
    }
    #expect(try ReferenceExecutor.output(of: plain, input: x).largestDifference(from: expected) < 1e-5)
  }

  /// What has no plain meaning is refused with what can be done.
  @Test func callsOfOtherLibrariesAreNamed() throws {
    var bytes = try Golden.bytes("unknown_operator_13.onnx")
    let range = try #require(bytes.range(of: Data("Selu".utf8)))
    bytes.replaceSubrange(range, with: Data("ATen".utf8))
    #expect {
      try ONNXFile.decode(bytes)
    } throws: {
      let error = $0 as? ModelFormatError
      return error?.code == .unsupportedOperator && error?.message.contains("calls PyTorch") == true
    }
  }
}
