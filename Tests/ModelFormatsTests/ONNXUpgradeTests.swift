import Foundation
import ModelFormats
import ModelGraph
import Testing

/// Forms of older operator sets, brought to the newest. That they compute the same is for ExportedNetworkTests to say.
@Suite struct ONNXUpgradeTests {
  @Test(arguments: ["upsample_7", "upsample_9_linear", "resize_10", "resize_10_linear"])
  func resizingWithoutHalfPixels(_ name: String) throws {
    let node = try #require(try Golden.network(name).nodes.first)
    let mode: Resize.Mode = name.hasSuffix("linear") ? .linear : .nearest
    #expect(node.op == .resize(Resize(mode: mode, coordinates: .asymmetric, nearestRounding: .floor)))
    #expect(node.inputs.count == 3)
    #expect(node.inputs[1].isEmpty)
  }

  @Test func emptyResizeInputsAreAbsent() throws {
    #expect(try Golden.network("resize_11_sizes").nodes.first?.inputs == ["x", "", "", "z"])
    #expect(try Golden.network("resize_11_scales").nodes.first?.inputs == ["x", "", "s"])
  }

  @Test func halfPixelOfNearestNeighbors() throws {
    let node = try Golden.network("resize_11_half_pixel_nn").nodes.first
    #expect(node?.op == .resize(Resize(nearestRounding: .roundPreferCeil)))
  }

  @Test(arguments: [
    ("squeeze_11", [0: [2.0], 1: [0, 3]]), ("split_11", [0: [1, 3]]), ("topk_9", [0: [3]]),
    ("reducel2_11", [0: [1, -1]]), ("reducesum_11", [0: [1, -1]]),
  ]) func attributesBecomeInputs(_ name: String, _ values: [Int: [Double]]) throws {
    let graph = try Golden.network(name)
    for (position, expected) in values {
      let weight = try #require(graph.weights[graph.nodes[position].inputs[1]])
      #expect(weight.integers.map(Double.init) == expected)
    }
  }

  @Test func equalPartsNeedNoSizes() throws {
    let node = try #require(try Golden.network("split_11_equal").nodes.first)
    #expect(node.inputs == ["x"])
    #expect(node.outputs.count == 2)
  }

  /// The limits of a Clip and the value of a Pad have the type of the data.
  @Test(arguments: [("clip_pad_9_double", ElementType.float64), ("clip_pad_9_half", .float16)])
  func numbersTakeTheTypeOfTheData(_ name: String, _ type: ElementType) throws {
    let url = Golden.folder.appendingPathComponent(name + ".onnx")
    let graph = try ONNXFile.read(url, precision: .asWritten)
    let numbers = graph.weights.values.filter { $0.shape.isEmpty }
    #expect(numbers.count == 3)
    #expect(numbers.allSatisfy { $0.elementType == type })
    let converted = try ONNXFile.read(url)
    #expect(converted.weights.values.allSatisfy { [.float32, .int64].contains($0.elementType) })
  }

  @Test func groupsShareTheirScale() throws {
    let graph = try Golden.network("groupnorm_18")
    #expect(graph.nodes.last?.op == .groupNormalization(GroupNormalization(groups: 2)))
    let facts = try graph.facts()
    let node = try #require(graph.nodes.last)
    let scale = try #require(graph.weights["s"]?.floats)
    #expect(facts[node.inputs[1]]?.constant?.floats == [scale[0], scale[0], scale[1], scale[1]])
  }

  @Test func otherNamesAndDefaults() throws {
    #expect(try Golden.network("gridsample_16").nodes.first?.op == .gridSample(GridSample(mode: .cubic)))
    #expect(
      try Golden.network("roialign_10").nodes.first?.op
        == .regionAlign(RegionAlign(coordinates: .outputHalfPixel, height: 3, width: 2, samplingRatio: 2)))
    #expect(try Golden.network("scatter_9").nodes.first?.op == .scatterElements(axis: 1, reduction: .none))
    let transform = try Golden.network("dft_17")
    #expect(transform.weights[transform.nodes[0].inputs[2]]?.integers == [2])
    #expect(try Golden.network("softmax_11_spatial").nodes.map(\.op) == [.softmax(axis: 1)])
    let joined = try Golden.network("hardmax_11_joined")
    #expect(joined.nodes.map(\.op.onnxName) == ["Shape", "Flatten", "Hardmax", "Reshape"])
  }

  /// Broadcasting by an axis, the slope of each channel, and limits that were not said.
  @Test func firstForms() throws {
    let graph = try Golden.network("first_forms_6")
    #expect(
      graph.nodes.map(\.op.onnxName) == ["Unsqueeze", "Add", "Unsqueeze", "PRelu", "Mul", "Dropout", "Clip"])
    let shapes = try graph.shapes(binding: ["batch": 2])
    #expect(shapes["y"] == [2, 4, 6, 6])
    #expect(shapes[graph.nodes[0].outputs[0]] == [4, 1, 1])
    #expect(graph.nodes.last?.inputs.count == 2)
  }

  @Test func operatorsOfONNXRuntime() throws {
    #expect(
      try Golden.network("microsoft_17").nodes.map(\.op) == [
        .convolution(Convolution()), .activation(.leakyRelu(slope: 0.2)), .activation(.swish(alpha: 1.5)),
        .elementwise(.add), .activation(.gelu(approximated: true)), .activation(.gelu(approximated: false)),
        .elementwise(.add), .activation(.gelu(approximated: false)),
      ])
  }
}
