/// Which operator set holds what, for writing. Reading takes a file at its word.
enum ONNXOperatorSets {
  /// The newest version of the file format that we know.
  static let newestFormatVersion: Int64 = 14

  /// The version of the file format that came with an operator set; each allows older sets too.
  static func formatVersion(for opset: Int) -> Int64 {
    switch opset {
    case ...18: 8
    case 19...20: 9
    case 21...22: 10
    case 23: 11
    case 24: 12
    case 25...27: 13
    default: newestFormatVersion
    }
  }

  /// The first operator set with the newest form of an operator, where that is after the oldest set that is written.
  private static let operators: [String: Int] = [
    "DeformConv": 19,
    "AffineGrid": 20, "DFT": 20, "Gelu": 20, "GridSample": 20,
    "GroupNormalization": 21,
    "Attention": 23, "RMSNormalization": 23, "RotaryEmbedding": 23,
    "Swish": 24, "TensorScatter": 24,
    "BitCast": 26, "CumProd": 26,
    "CausalConvWithState": 27, "LinearAttention": 27,
    "SwiGLU": 28,
  ]

  /// The first operator set with an attribute of an older operator, in the order operator, attribute.
  private static let attributes: [String: [String: Int]] = [
    "Attention": ["left_window_size": 25, "right_window_size": 25],
    "AveragePool": ["dilations": 19],
    "Cast": ["saturate": 19, "round_mode": 24],
    "CastLike": ["saturate": 19, "round_mode": 24],
    "DequantizeLinear": ["block_size": 21, "output_dtype": 23],
    "QuantizeLinear": ["saturate": 19, "block_size": 21, "output_dtype": 21, "precision": 23],
    "SpaceToDepth": ["mode": 28],
  ]

  /// The first operator set with a word of an attribute.
  private static let words: [String: [String: Int]] = [
    "Pad": ["wrap": 19],
    "Resize": ["half_pixel_symmetric": 19],
  ]

  /// The oldest operator set in which the node means what it means in the newest.
  static func oldest(for node: Onnx_NodeProto) -> Int {
    var result = operators[node.opType] ?? 1
    // The number of valid keys.
    if node.opType == "Attention", node.input.count > 6 { result = max(result, 24) }
    for attribute in node.attribute {
      if let since = attributes[node.opType]?[attribute.name] { result = max(result, since) }
      let word = String(decoding: attribute.s, as: UTF8.self)
      if let since = words[node.opType]?[word] { result = max(result, since) }
    }
    return result
  }
}
