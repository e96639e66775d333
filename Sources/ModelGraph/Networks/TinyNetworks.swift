/// The image networks of the MLPerf Tiny benchmark (Banbury and others 2021), weights named as Keras names their layers.
///
/// Convolutions have biases and pad as TensorFlow's SAME does: with stride 2 on an even size, nothing before and one after.
extension BuiltinNetworks {
  /// ResNet-8 on raw pixels 0 to 255, `[N, 3, 32, 32]` to `[N, 10]`; shortcuts that change shape are convolutions without
  /// normalisation.
  static func tinyResidualNetwork(_ empty: GraphBuilder) throws -> Graph {
    var builder = empty
    var layer = 0
    var x = builder.input("input", images(3, 32))
    func normalized(_ builder: inout GraphBuilder, _ x: String, _ inputs: Int, _ outputs: Int, stride: Int) -> String {
      let y = builder.sameConvolution(keras("conv2d", layer), x, inputs: inputs, outputs: outputs, stride: stride)
      // Shortcuts have a convolution's number and no normalisation's.
      let normalization = keras("batch_normalization", layer < 5 ? layer : layer - 1)
      layer += 1
      return builder.batchNormalization(normalization, y, channels: outputs, epsilon: 1e-3)
    }
    x = builder.relu("relu", normalized(&builder, x, 3, 16, stride: 1))
    var channels = 16
    for (block, width) in [16, 32, 64].enumerated() {
      let stride = block == 0 ? 1 : 2
      var y = builder.relu("relu_\(block)a", normalized(&builder, x, channels, width, stride: stride))
      y = normalized(&builder, y, width, width, stride: 1)
      if block > 0 {
        x = builder.sameConvolution(
          keras("conv2d", layer), x, inputs: channels, outputs: width, kernel: 1, stride: stride)
        layer += 1
      }
      x = builder.relu("relu_\(block)b", builder.add("add_\(block)", x, y))
      channels = width
    }
    x = builder.flatten("flatten", builder.node("pool", .globalAveragePool, x))
    x = builder.linear("dense", x, inputs: 64, outputs: 10)
    return try builder.finished(output: x, shape: scores(10))
  }

  /// MobileNet of a quarter of the width (Howard and others 2017) for person or not, `[N, 3, 96, 96]` to `[N, 2]`.
  static func quarterMobileNet(_ empty: GraphBuilder) throws -> Graph {
    var builder = empty
    var normalizations = 0
    func rectified(_ builder: inout GraphBuilder, _ x: String, _ channels: Int) -> String {
      let y = builder.batchNormalization(
        keras("batch_normalization", normalizations), x, channels: channels, epsilon: 1e-3)
      normalizations += 1
      return builder.relu("relu_\(normalizations)", y)
    }
    var x = builder.input("input", images(3, 96))
    x = rectified(&builder, builder.sameConvolution("conv2d", x, inputs: 3, outputs: 8, stride: 2), 8)
    var channels = 8
    let stages = [
      (16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (128, 1), (128, 1), (128, 1), (128, 1), (256, 2),
      (256, 1),
    ]
    for (index, (width, stride)) in stages.enumerated() {
      x = builder.sameConvolution(
        keras("depthwise_conv2d", index), x, inputs: channels, outputs: channels, stride: stride, groups: channels)
      x = rectified(&builder, x, channels)
      x = builder.sameConvolution("conv2d_\(index + 1)", x, inputs: channels, outputs: width, kernel: 1)
      x = rectified(&builder, x, width)
      channels = width
    }
    x = builder.flatten("flatten", builder.node("pool", .globalAveragePool, x))
    x = builder.linear("dense", x, inputs: 256, outputs: 2)
    return try builder.finished(output: x, shape: scores(2))
  }

  /// Keras numbers all layers of a kind but the first.
  private static func keras(_ name: String, _ index: Int) -> String { index == 0 ? name : "\(name)_\(index)" }
}

extension GraphBuilder {
  fileprivate mutating func sameConvolution(
    _ name: String, _ x: String, inputs: Int, outputs: Int, kernel: Int = 3, stride: Int = 1, groups: Int = 1
  ) -> String {
    let fanIn = inputs / groups * kernel * kernel
    let weight = uniformWeight("\(name).weight", [outputs, inputs / groups, kernel, kernel], fanIn: fanIn)
    let bias = uniformWeight("\(name).bias", [outputs], fanIn: fanIn)
    let attributes = Convolution(
      kernel: [kernel, kernel], strides: [stride, stride], padding: Padding(rule: .sameUpper), groups: groups)
    return node(name, .convolution(attributes), inputs: [x, weight, bias])
  }
}
