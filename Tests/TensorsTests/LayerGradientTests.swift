import Foundation
import GraphRuntime
import ModelGraph
import Tensors
import Testing

extension TensorsTests {
  /// Gradients of the golden nodes in float64 against central differences, with their inputs in place of weights.
  @Suite struct LayerGradientTests {
    struct Case: Sendable, CustomTestStringConvertible {
      let golden: String
      /// The inputs that a gradient must reach.
      let inputs: [Int]
      var output = 0
      var testDescription: String { golden }
    }

    static let cases: [Case] =
      recurrent + attention + sampling
      + [
        Case(golden: "einsum_batch_matmul", inputs: [0, 1]),
        Case(golden: "einsum_batch_diagonal", inputs: [0]),
        Case(golden: "det_nd", inputs: [0]),
        Case(golden: "dft_axis", inputs: [0]),
        Case(golden: "dft_irfft", inputs: [0]),
        Case(golden: "stft_with_window", inputs: [0, 2]),
        Case(golden: "sce_mean_weight_ii_3d", inputs: [0]),
        Case(golden: "sce_none_log_prob", inputs: [0], output: 1),
        Case(golden: "nllloss_NCd1_weight_ii", inputs: [0]),
        Case(golden: "top_k", inputs: [0]),
        Case(golden: "cumprod_1d_reverse_exclusive", inputs: [0]),
        Case(golden: "cumsum_2d_axis_1", inputs: [0]),
        Case(golden: "reversesequence_time", inputs: [0]),
        Case(golden: "tensorscatter_circular", inputs: [0, 1]),
        Case(golden: "center_crop_pad_crop_and_pad", inputs: [0]),
        Case(golden: "lp pool over 3 axes", inputs: [0]),
        Case(golden: "global lp pool of order 3", inputs: [0]),
        Case(golden: "lrn", inputs: [0]),
        Case(golden: "l2normalization_axis_1", inputs: [0]),
        Case(golden: "mvn", inputs: [0]),
        Case(golden: "col2im_5d", inputs: [0]),
        Case(golden: "maxunpool_export_with_output_shape", inputs: [0]),
        Case(golden: "dequantizelinear_axis", inputs: [1]),
      ]

    private static let recurrent = [
      Case(golden: "lstm-states", inputs: [0, 1, 2, 3, 5, 6]),
      Case(golden: "lstm-bidirectional", inputs: [0, 1, 2, 3, 5, 6], output: 2),
      Case(golden: "lstm-peepholes", inputs: [0, 1, 2, 3, 5, 6, 7]),
      Case(golden: "lstm-clip", inputs: [0, 1, 2, 3]),
      Case(golden: "lstm-coupled", inputs: [0, 1, 2, 3], output: 1),
      Case(golden: "lstm-more functions", inputs: [0, 1, 2, 3]),
      Case(golden: "gru-states", inputs: [0, 1, 2, 3, 5]),
      Case(golden: "gru-linear before reset", inputs: [0, 1, 2, 3, 5]),
      Case(golden: "gru-lengths", inputs: [0, 1, 2, 3, 5], output: 1),
      Case(golden: "rnn-reverse", inputs: [0, 1, 2, 3, 5]),
      Case(golden: "rnn-lengths", inputs: [0, 1, 2, 3, 5]),
    ]

    private static let attention = [
      Case(golden: "attention_4d_causal", inputs: [0, 1, 2]),
      Case(golden: "attention_4d_attn_mask", inputs: [0, 1, 2, 3]),
      Case(golden: "attention_3d_gqa_with_past_and_present", inputs: [0, 1, 2, 4, 5]),
      Case(golden: "attention_4d_softcap", inputs: [0, 1, 2]),
      Case(golden: "attention_23_boolmask_fullymasked_row_nan_robustness", inputs: [0, 1, 2]),
      Case(golden: "attention_4d_with_qk_matmul_softmax", inputs: [0, 1], output: 3),
      Case(golden: "linear_attention_gated_delta_gqa", inputs: [0, 1, 2, 4, 5]),
      Case(golden: "linear_attention_prefill_with_past", inputs: [1, 2, 3, 4, 5], output: 1),
      Case(golden: "causal_conv_with_state_silu_with_past_state", inputs: [0, 1, 3]),
      Case(golden: "rotary_embedding_with_interleaved_rotary_dim", inputs: [0, 1, 2]),
    ]

    private static let sampling = [
      Case(golden: "deformable", inputs: [0, 1, 2, 3, 4]),
      Case(golden: "resize_upsample_scales_linear_align_corners", inputs: [0]),
      Case(golden: "resize_downsample_sizes_cubic_antialias", inputs: [0]),
      Case(golden: "resize_tf_crop_and_resize_extrapolation_value", inputs: [0]),
      Case(golden: "resize_upsample_sizes_nearest", inputs: [0]),
      Case(golden: "grid volume linear reflection", inputs: [0, 1]),
      Case(golden: "grid linear reflection 0", inputs: [0, 1]),
      Case(golden: "grid cubic border 1", inputs: [0, 1]),
      Case(golden: "affine_grid_3d", inputs: [0]),
      Case(golden: "region align avg 0", inputs: [0]),
      Case(golden: "max region pool", inputs: [0]),
    ]

    @Test(arguments: cases)
    func matchesCentralDifferences(_ item: Case) throws {
      let (node, given, results) = try LayerGoldens.layers.get().node(item.golden)
      let isFloat = { (type: ElementType) in ScalarType(type).isFloatingPoint }
      var inputs: [String: Tensor] = [:]
      var infos: [ValueInfo] = []
      for (name, data) in zip(node.inputs, given) {
        guard let data else { continue }
        let tensor = try Tensor(data)
        let value = isFloat(data.elementType) ? try tensor.to(.float64) : tensor
        // A value of its own: float64 goldens are not copied by the conversion.
        inputs[name] = try value.clone()
        infos.append(
          ValueInfo(name: name, elementType: ElementType(value.type), shape: data.shape.map(Dimension.fixed)))
      }
      let output = node.outputs[item.output]
      let shape = try #require(results[item.output]).shape
      let graph = Graph(
        name: item.golden, inputs: infos,
        outputs: [ValueInfo(name: output, elementType: .float64, shape: shape.map(Dimension.fixed))], nodes: [node],
        weights: [:])
      let module = try GraphModule(graph)
      let weights = try Tensor(floats: filled(shape, salt: 99), shape: shape).to(.float64)
      func objective() throws -> Tensor {
        try #require(module.forward(inputs, mode: .evaluation)[output]).mul(weights).sum()
      }
      let learned = try item.inputs.map { try #require(inputs[node.inputs[$0]]) }
      for input in learned { try input.requiringGrad() }
      try objective().backward()
      for (position, input) in zip(item.inputs, learned) {
        let gradient = try #require(input.grad, "input \(position) has no gradient").doubles
        try Self.check(input, gradient, "input \(position)") { try withoutGradients { try objective().item() } }
      }
    }

    /// At up to ten places of the input.
    private static func check(
      _ input: Tensor, _ gradient: [Double], _ label: String, objective: () throws -> Double
    ) throws {
      let step = 1e-6
      let values = try input.doubles
      func set(_ values: [Double]) throws {
        let bytes = values.withUnsafeBufferPointer { Data(buffer: $0) }
        try input.copy_(Tensor(bytes: bytes, shape: input.shape, type: .float64))
      }
      for index in stride(from: 0, to: values.count, by: max(1, values.count / 10)) {
        func value(_ shift: Double) throws -> Double {
          var moved = values
          moved[index] += shift
          try set(moved)
          return try objective()
        }
        let expected = (try value(step) - value(-step)) / (2 * step)
        #expect(
          abs(gradient[index] - expected) < 1e-6 * max(1, abs(expected)),
          "\(label) at \(index): \(gradient[index]), by differences \(expected)")
      }
      try set(values)
    }
  }
}
