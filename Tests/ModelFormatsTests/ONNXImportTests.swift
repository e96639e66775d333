import Foundation
import ModelFormats
import ModelGraph
import Testing

/// Every form that an operator has had, against what its golden's script says.
@Suite struct ONNXImportTests {
  /// What a golden holds: its first node, the inputs of it that are computed or weights of a layer by name, and the
  /// constants that its other inputs are, by position.
  struct Form: CustomTestStringConvertible {
    let file: String
    let op: Operator
    var inputs: [String] = ["x"]
    var constants: [Int: [Double]] = [:]
    var testDescription: String { file }

    init(_ file: String, _ op: Operator, _ inputs: [String] = ["x"], _ constants: [Int: [Double]] = [:]) {
      self.file = file
      self.op = op
      self.inputs = inputs
      self.constants = constants
    }
  }

  static let end = Double(Int64.max)
  static let forms: [Form] = [
    Form(
      "conv_bias_9",
      .convolution(
        Convolution(kernel: [3, 3], strides: [2, 1], padding: Padding(top: 1, left: 0, bottom: 2, right: 1))),
      ["x", "w", "b"]),
    Form(
      "conv_same_upper_13", .convolution(Convolution(strides: [2, 2], padding: Padding(rule: .sameUpper))),
      ["x", "w"]),
    Form(
      "conv_same_lower_13",
      .convolution(Convolution(kernel: [3, 3], strides: [2, 2], padding: Padding(rule: .sameLower))), ["x", "w"]),
    Form(
      "conv_same_dilated_13",
      .convolution(Convolution(padding: Padding(rule: .sameUpper), dilations: [2, 1])), ["x", "w"]),
    Form("conv_valid_13", .convolution(Convolution(padding: Padding(rule: .valid))), ["x", "w"]),
    Form("conv_group_13", .convolution(Convolution(groups: 2)), ["x", "w"]),
    Form("conv_1d_13", .convolution(Convolution()), ["x", "w"]),
    Form(
      "batchnorm_9", .batchNormalization(BatchNormalization(epsilon: 1e-3, momentum: 0.01)), ["x", "s", "b", "m", "v"]),
    Form("batchnorm_15", .batchNormalization(BatchNormalization()), ["x", "s", "b", "m", "v"]),
    Form("batchnorm_typed_15", .batchNormalization(BatchNormalization()), ["x", "s", "b", "m", "v"]),
    Form(
      "batchnorm_training_15", .batchNormalization(BatchNormalization(usesBatchStatistics: true)),
      ["x", "s", "b", "m", "v"]),
    Form("clip_6", .clip, ["x", "Clip_0.min", "Clip_0.max"], [1: [0], 2: [6]]),
    Form("clip_11", .clip, ["x", "lo", "hi"], [1: [-0.1], 2: [6]]),
    Form("clip_max_only_13", .clip, ["x", "", "hi"], [2: [0.1]]),
    Form("leaky_relu_16", .activation(.leakyRelu(slope: 0.2))),
    Form(
      "maxpool_8",
      .maxPool(Pooling(kernel: [3, 2], strides: [2, 2], padding: Padding(top: 1, left: 0, bottom: 1, right: 0)))),
    Form("maxpool_ceil_12", .maxPool(Pooling(kernel: [3, 3], strides: [2, 2], ceilMode: true))),
    Form(
      "maxpool_same_12", .maxPool(Pooling(kernel: [3, 3], strides: [2, 2], padding: Padding(rule: .sameUpper)))),
    Form(
      "averagepool_counts_11",
      .averagePool(Pooling(kernel: [3, 3], strides: [2, 2], padding: Padding(all: 1), countsPadding: true))),
    Form("averagepool_7", .averagePool(Pooling(kernel: [2, 2]))),
    Form(
      "slice_1", .slice, ["x", "starts", "ends", "axes"],
      [1: [0, 1], 2: [end, -1], 3: [2, 3]]),
    Form("slice_10", .slice, ["x", "s", "e", "a", "t"], [1: [0, 1], 2: [end, end], 3: [-2, -1], 4: [2, 2]]),
    Form("slice_13_no_axes", .slice, ["x", "s", "e"], [1: [0, 1], 2: [end, 3]]),
    Form("slice_backwards_13", .slice, ["x", "s", "e", "a", "t"], [1: [-1], 2: [-end], 3: [1], 4: [-1]]),
    Form(
      "pad_2", .pad(mode: .constant), ["x", "pads", "Pad_0.value"],
      [1: [0, 1, 0, 0, 0, 2, 0, 3], 2: [0.5]]),
    Form("pad_11", .pad(mode: .constant), ["x", "p", "v"], [1: [0, 0, 1, 1, 0, 0, 1, 1], 2: [-1]]),
    Form("pad_18_axes", .pad(mode: .constant), ["x", "p", "", "a"], [1: [2, 1, 3, 0], 3: [1, -1]]),
    Form("pad_reflect_13", .pad(mode: .reflect), ["x", "p"], [1: [0, 0, 1, 1, 0, 0, 1, 1]]),
    Form("flatten_13", .flatten(axis: 1)),
    Form("reshape_zero_13", .reshape(allowsZero: false), ["x", "s"], [1: [0, -1]]),
    Form("reshape_sizes_19", .reshape(allowsZero: true), ["x", "s"], [1: [-1, 144]]),
    Form("reshape_batch_13", .reshape(allowsZero: false), ["x", "s"], [1: [2, -1]]),
    Form("reshape_rows_13", .reshape(allowsZero: false), ["x", "s"], [1: [-1, 6]]),
    Form("gemm_9", .gemm(Gemm(alpha: 0.5, beta: 2, transposesB: true)), ["x", "w", "b"]),
    Form("gemm_no_bias_13", .gemm(Gemm(transposesB: true)), ["x", "w"]),
    Form("matmul_13", .matrixProduct, ["x", "w"]),
    Form("matmul_3d_13", .matrixProduct, ["x", "w"]),
    Form(
      "reducemean_13", .reduce(Reduction(.mean, keepsAxes: false)), ["x", "axes"], [1: [2, 3]]),
    Form("reducemean_18", .reduce(Reduction(.mean)), ["x", "a"], [1: [-1, -2]]),
    Form("reducemean_all_13", .reduce(Reduction(.mean))),
    Form("softmax_11", .softmax(axis: 1)),
    Form("softmax_13", .softmax(axis: 1)),
    Form("dropout_7", .dropout, ["x", "Dropout_0.ratio"], [1: [0.25]]),
    Form("dropout_13", .dropout, ["x", "r"], [1: [0.3]]),
    Form(
      "unknown_operator_13",
      .activation(.selu(alpha: 1.67326319217681884765625, gamma: 1.05070102214813232421875))),
  ]

  @Test(arguments: forms) func readsForm(_ form: Form) throws {
    let graph = try Golden.network(form.file)
    let node = try #require(graph.nodes.first)
    #expect(node.op == form.op)
    #expect(node.inputs == form.inputs)
    #expect(graph.inputs.map(\.name) == ["x"])
    for (position, values) in form.constants {
      let weight = try #require(graph.weights[node.inputs[position]])
      let read = weight.elementType == .float32 ? weight.floats.map(Double.init) : weight.integers.map(Double.init)
      #expect(read == values.map { weight.elementType == .float32 ? Double(Float($0)) : $0 })
    }
    #expect(Set(graph.weights.keys) == Set(graph.nodes.flatMap(\.inputs)).subtracting(["x", ""] + graph.made))
  }

  /// Over all axes from the second on together: they are joined, and parted again by the shape that they had.
  @Test func oldSoftmaxJoinsAxes() throws {
    let graph = try Golden.network("softmax_11_joined")
    #expect(graph.nodes.map(\.op.onnxName) == ["Shape", "Flatten", "Softmax", "Reshape"])
    #expect(graph.nodes.last?.outputs == ["y"])
  }

  /// The exporter's own shape inference wrote the output's shape into the file.
  @Test(arguments: try Golden.networkNames()) func inferredShapesAgreeWithONNX(_ name: String) throws {
    guard let graph = try? Golden.network(name), graph.outputs.map(\.name) == ["y"] else { return }
    let shape = try graph.shapes(binding: ["batch": 2])["y"]
    let stated = graph.outputs[0].shape
    #expect(shape?.count == stated.count, "\(name)")
    for (size, dimension) in zip(shape ?? [], stated) {
      switch dimension {
      case .fixed(let expected): #expect(size == expected, "\(name)")
      case .symbolic("batch"): #expect(size == 2, "\(name)")
      case .symbolic: break
      }
    }
  }

  @Test func typedAndRawFieldsHoldTheSame() throws {
    #expect(try Golden.network("batchnorm_15").weights == (try Golden.network("batchnorm_typed_15").weights))
    #expect(try Golden.network("batchnorm_15").weights["v"]?.floats.allSatisfy { $0 >= 0.5 } == true)
  }

  @Test func constantsAreFolded() throws {
    let graph = try Golden.network("constant_identity_13", .float32)
    #expect(graph.nodes.map(\.op.onnxName) == ["Conv"])
    #expect(graph.weights.count == 2)
    let weights = try graph.nodes[0].inputs.dropFirst().map { try #require(graph.weights[$0]) }
    #expect(weights[0].shape == [8, 4, 1, 1])
    #expect(weights[1].floats == Array(repeating: 0.5, count: 8))
  }

  @Test func constantsOfNodesAreWeights() throws {
    let graph = try Golden.network("constant_identity_13")
    #expect(graph.nodes.map(\.op.onnxName) == ["Identity", "ConstantOfShape", "Conv"])
    #expect(Set(graph.weights.keys) == ["k", "shape"])
    #expect(graph.weights["k"]?.shape == [8, 4, 1, 1])
  }

  @Test func namesAreMadeAndMadeUnique() throws {
    let graph = try Golden.network("names_13")
    #expect(graph.nodes.map(\.name) == ["Relu_0", "same", "same_2", "Relu_3"])
    #expect(graph.metadata == ["source": "a test", "plan": "{}"])
    #expect(graph.opset == 13)
    #expect(graph.inputs[0].shape == [.symbolic("batch"), .fixed(4), .fixed(6), .fixed(6)])
  }

  @Test func elementwiseAndConcat() throws {
    let graph = try Golden.network("concat_sub_mul_13")
    #expect(
      graph.nodes.map(\.op) == [
        .elementwise(.subtract), .elementwise(.multiply), .aggregate(.sum), .concat(axis: -3),
      ])
  }

  @Test func otherFloatsBecomeFloat32() throws {
    let half = try Golden.network("type_float16", .float32)
    #expect(half.weights["k"]?.floats == [0.5, -2, 65504, Float(Float16(6e-8)), 1])
    #expect(half.metadata["coppice.converted-from"] == "float16")
    #expect(half.inputs[0].elementType == .float32)
    let double = try Golden.network("type_float64", .float32)
    #expect(double.weights["k"]?.floats[2] == Float(65504.0 / 3))
    let brain = try Golden.network("type_bfloat16", .float32)
    #expect(brain.weights["k"]?.floats == [1, -2, Float(bitPattern: 0x3E99_0000), 0, Float(bitPattern: 0x4049_0000)])
  }

  @Test func otherFloatsStayWhenAskedFor() throws {
    let url = Golden.folder.appendingPathComponent("type_float16.onnx")
    let half = try ONNXFile.read(url, precision: .asWritten)
    #expect(half.weights["k"]?.elementType == .float16)
    #expect(half.inputs[0].elementType == .float16)
    #expect(half.outputs[0].elementType == .float16)
    #expect(half.metadata.isEmpty)
  }

  struct Refusal: CustomTestStringConvertible {
    let file: String
    let code: ModelFormatError.Code
    /// What the message says, and what the remedy.
    let words: [String]
    var testDescription: String { file }

    init(_ file: String, _ code: ModelFormatError.Code, _ words: String...) {
      self.file = file
      self.code = code
      self.words = words
    }
  }

  static let refusals = [
    Refusal("attribute_17", .unsupportedForm, "'Relu_0' (Relu, operator set 17)", "'bend'"),
    Refusal("external_length_huge_13", .externalData, "has the external length '18446744073709551616'"),
    Refusal("external_length_other_13", .externalData, "'external_13.data' has 8"),
    Refusal("external_offset_below_13", .externalData, "has the external offset '-8'"),
    Refusal("external_offset_end_13", .externalData, "at 4096 of 'external_13.data', which has only"),
    Refusal("external_offset_past_13", .externalData, "at 9223372036854775807 of 'external_13.data'"),
    Refusal("external_offset_words_13", .externalData, "has the external offset '1e3'"),
    Refusal("external_place_device_13", .externalData, "'/dev/zero', which is not the plain name"),
    Refusal("external_place_folder_13", .externalData, "'.', which is not the plain name"),
    Refusal("external_place_none_13", .externalData, "that it does not name"),
    Refusal("external_shape_huge_13", .malformed, "2147483647, 2147483647, 2147483647], which is too large"),
    Refusal("foreign_17", .unsupportedOperator, "com.microsoft.FusedMatMul", "ONNX Runtime's optimiser"),
    Refusal("function_endless_17", .malformed, "100 functions", "calls itself"),
    Refusal("future_17", .unsupportedVersion, "operator set 99", "1 to 28"),
    Refusal("if_axis_13", .unsupportedForm, "the size of the axis 'time'", "--set time="),
    Refusal("if_data_13", .unsupportedForm, "computes from 'x'", "without the condition"),
    Refusal("if_input_13", .unsupportedForm, "the value of the input 'sr'", "--set sr="),
    Refusal("loop_17", .unsupportedOperator, "'Loop_1' has the operator Loop", "unrolled"),
    Refusal("no_rank_17", .unsupportedForm, "The input 'x' does not say how many axes"),
    Refusal("random_17", .unsupportedOperator, "RandomNormalLike", "random numbers"),
  ]

  @Test(arguments: refusals) func refusesByName(_ refusal: Refusal) throws {
    let error = try #require(throws: ModelFormatError.self) { try Golden.network(refusal.file) }
    #expect(error.code == refusal.code)
    for words in refusal.words + [refusal.file + ".onnx"] { #expect("\(error)".contains(words), "\(error)") }
  }

  @Test func refusesWhatIsNoNetwork() throws {
    #expect(throws: ModelFormatError.self) { try ONNXFile.decode(Data()) }
    #expect(throws: ModelFormatError.self) { try ONNXFile.decode(Data("not a network".utf8)) }
    let missing = try #require(throws: ModelFormatError.self) {
      try ONNXFile.read(URL(fileURLWithPath: "/nonexistent/base.onnx"))
    }
    #expect(missing.code == .unreadable)
    #expect(missing.message.contains("/nonexistent/base.onnx"))
    #expect(throws: ModelFormatError.self) { try ONNXFile.read(URL(fileURLWithPath: "/tmp")) }
  }
}

extension Graph {
  /// The names of everything that a node makes.
  var made: [String] { nodes.flatMap(\.outputs) }
}
