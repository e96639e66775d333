import Foundation
import ModelFormats
import ModelGraph
import Testing

/// Every form that an operator has had, against what its golden's script says.
@Suite struct ONNXImportTests {
  struct Form: CustomTestStringConvertible {
    let file: String
    let op: Operator
    var inputs: [String] = ["x"]
    var testDescription: String { file }

    init(_ file: String, _ op: Operator, _ inputs: [String] = ["x"]) {
      self.file = file
      self.op = op
      self.inputs = inputs
    }
  }

  static let end = Int(Int32.max)
  static let forms: [Form] = [
    Form(
      "conv_bias_9",
      .convolution(
        Convolution(kernel: [3, 3], strides: [2, 1], padding: Padding(top: 1, left: 0, bottom: 2, right: 1))),
      ["x", "w", "b"]),
    // 6 with stride 2 and kernel 3: out 3, total (3 - 1) * 2 + 3 - 6 = 1, which comes last for "upper".
    Form(
      "conv_same_upper_13",
      .convolution(Convolution(kernel: [3, 3], strides: [2, 2], padding: Padding(bottom: 1, right: 1))), ["x", "w"]),
    // 7 rows: out 4, total 2, one on each side; 6 columns: total 1, first for "lower".
    Form(
      "conv_same_lower_13",
      .convolution(Convolution(kernel: [3, 3], strides: [2, 2], padding: Padding(top: 1, left: 1, bottom: 1))),
      ["x", "w"]),
    Form(
      "conv_same_dilated_13",
      .convolution(
        Convolution(kernel: [3, 3], padding: Padding(top: 2, left: 1, bottom: 2, right: 1), dilations: [2, 1])),
      ["x", "w"]),
    Form("conv_valid_13", .convolution(Convolution(kernel: [3, 3])), ["x", "w"]),
    Form("conv_group_13", .convolution(Convolution(kernel: [3, 3], groups: 2)), ["x", "w"]),
    Form(
      "batchnorm_9", .batchNormalization(BatchNormalization(epsilon: 1e-3, momentum: 0.01)), ["x", "s", "b", "m", "v"]),
    Form("batchnorm_15", .batchNormalization(BatchNormalization()), ["x", "s", "b", "m", "v"]),
    Form("batchnorm_typed_15", .batchNormalization(BatchNormalization()), ["x", "s", "b", "m", "v"]),
    Form("clip_6", .activation(.clip(minimum: 0, maximum: 6))),
    Form("clip_11", .activation(.clip(minimum: -0.1, maximum: 6))),
    Form("clip_max_only_13", .activation(.clip(minimum: -.infinity, maximum: 0.1))),
    Form("leaky_relu_16", .activation(.leakyRelu(slope: 0.2))),
    Form(
      "maxpool_8",
      .maxPool(Pooling(kernel: [3, 2], strides: [2, 2], padding: Padding(top: 1, left: 0, bottom: 1, right: 0)))),
    Form("maxpool_ceil_12", .maxPool(Pooling(kernel: [3, 3], strides: [2, 2], ceilMode: true))),
    Form(
      "maxpool_same_12", .maxPool(Pooling(kernel: [3, 3], strides: [2, 2], padding: Padding(bottom: 1, right: 1)))),
    Form(
      "averagepool_counts_11",
      .averagePool(Pooling(kernel: [3, 3], strides: [2, 2], padding: Padding(all: 1), countsPadding: true))),
    Form("averagepool_7", .averagePool(Pooling(kernel: [2, 2], strides: [1, 1]))),
    Form("slice_1", .slice(Slice(axes: [2, 3], starts: [0, 1], ends: [end, -1], steps: [1, 1]))),
    Form("slice_10", .slice(Slice(axes: [-2, -1], starts: [0, 1], ends: [end, end], steps: [2, 2]))),
    Form("slice_13_no_axes", .slice(Slice(axes: [0, 1], starts: [0, 1], ends: [end, 3], steps: [1, 1]))),
    Form("pad_2", .pad(Pad(before: [0, 1, 0, 0], after: [0, 2, 0, 3], value: 0.5))),
    Form("pad_11", .pad(Pad(before: [0, 0, 1, 1], after: [0, 0, 1, 1], value: -1))),
    Form("pad_18_axes", .pad(Pad(before: [0, 2, 0, 1], after: [0, 3, 0, 0]))),
    Form("flatten_13", .flatten(axis: 1)),
    Form("reshape_zero_13", .flatten(axis: 1)),
    Form("reshape_sizes_19", .flatten(axis: 1)),
    Form("reshape_batch_13", .flatten(axis: 1)),
    Form("gemm_9", .gemm(Gemm(alpha: 0.5, beta: 2, transposesB: true)), ["x", "w", "b"]),
    Form("gemm_no_bias_13", .gemm(Gemm(transposesB: true)), ["x", "w"]),
    Form("matmul_13", .gemm(Gemm(transposesB: false)), ["x", "w"]),
    Form("reducemean_13", .reduceMean(axes: [2, 3], keepsAxes: false)),
    Form("reducemean_18", .reduceMean(axes: [-1, -2], keepsAxes: true)),
    Form("reducemean_all_13", .reduceMean(axes: [0, 1, 2, 3], keepsAxes: true)),
    Form("softmax_11", .softmax(axis: 1)),
    Form("softmax_13", .softmax(axis: 1)),
    Form("dropout_7", .dropout(ratio: 0.25)),
    Form("dropout_13", .dropout(ratio: 0.3)),
  ]

  @Test(arguments: forms) func readsForm(_ form: Form) throws {
    let graph = try Golden.network(form.file)
    #expect(graph.nodes.first?.op == form.op)
    #expect(graph.nodes.first?.inputs == form.inputs)
    #expect(graph.inputs.map(\.name) == ["x"])
    // Constants that became attributes are no weights.
    #expect(
      Set(graph.weights.keys) == Set(graph.nodes.flatMap(\.inputs).filter { ["w", "b", "s", "m", "v"].contains($0) }))
  }

  /// The exporter's own shape inference wrote the output's shape into the file.
  @Test(arguments: try Golden.networkNames()) func inferredShapesAgreeWithONNX(_ name: String) throws {
    guard let graph = try? Golden.network(name) else { return }
    let shape = try graph.shapes(binding: ["batch": 2])["y"]
    let stated = graph.outputs[0].shape.map { dimension in
      if case .fixed(let size) = dimension { size } else { 2 }
    }
    #expect(shape == stated, "\(name)")
  }

  @Test func typedAndRawFieldsHoldTheSame() throws {
    #expect(try Golden.network("batchnorm_15").weights == (try Golden.network("batchnorm_typed_15").weights))
    #expect(try Golden.network("batchnorm_15").weights["v"]?.floats.allSatisfy { $0 >= 0.5 } == true)
  }

  @Test func constantsAreFolded() throws {
    let graph = try Golden.network("constant_identity_13")
    #expect(graph.nodes.count == 1)
    #expect(Set(graph.weights.keys) == ["w", "b"])
    #expect(graph.weights["b"]?.floats == Array(repeating: 0.5, count: 8))
    #expect(graph.weights["w"]?.shape == [8, 4, 1, 1])
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
        .elementwise(.subtract), .elementwise(.multiply), .elementwise(.add), .concat(axis: -3),
      ])
  }

  @Test func otherFloatsBecomeFloat32() throws {
    let half = try Golden.network("type_float16")
    #expect(half.weights["k"]?.floats == [0.5, -2, 65504, Float(Float16(6e-8)), 1])
    #expect(half.metadata["coppice.converted-from"] == "float16")
    #expect(half.inputs[0].elementType == .float32)
    let double = try Golden.network("type_float64")
    #expect(double.weights["k"]?.floats[2] == Float(65504.0 / 3))
    let brain = try Golden.network("type_bfloat16")
    #expect(brain.weights["k"]?.floats == [1, -2, Float(bitPattern: 0x3E99_0000), 0, Float(bitPattern: 0x4049_0000)])
  }

  @Test(arguments: [
    ("conv_1d_13", ModelFormatError.Code.unsupportedForm, "1-D convolution"),
    ("batchnorm_training_15", .unsupportedForm, "training mode"),
    ("slice_backwards_13", .unsupportedForm, "[-1]"),
    ("pad_reflect_13", .unsupportedForm, "'reflect'"),
    ("reshape_rows_13", .unsupportedForm, "[-1, 6]"),
    ("matmul_3d_13", .unsupportedForm, "[1, 3, 12] and [12, 5]"),
    ("softmax_11_joined", .unsupportedForm, "together"),
    ("unknown_operator_13", .unsupportedOperator, "'Selu_0' has the operator Selu (operator set 13)"),
  ]) func refusesByName(_ file: String, _ code: ModelFormatError.Code, _ words: String) throws {
    let error = try #require(throws: ModelFormatError.self) { try Golden.network(file) }
    #expect(error.code == code)
    #expect(error.message.contains(words), "\(error)")
    #expect(error.message.contains(file + ".onnx"), "\(error)")
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
