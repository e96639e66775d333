/// He and others 2016, section 4.2, for CIFAR-10: `[N, 3, 32, 32]` to `[N, 10]` in three stages of 16, 32 and 64 channels.
extension BuiltinNetworks {
  /// How a block's input joins its result where the width doubles.
  enum Shortcut {
    /// Option A: every second row and column, with zero channels in front and behind.
    case padded
    /// Option B: a 1 x 1 convolution with stride 2 and a normalisation.
    case projected
  }

  static func residualNetwork(_ empty: GraphBuilder, depth: Int, shortcut: Shortcut) throws -> Graph {
    var builder = empty
    var x = builder.input("input", images(3, 32))
    x = builder.convolution("conv1", x, inputs: 3, outputs: 16, kernel: 3, padding: 1)
    x = builder.batchNormalization("bn1", x, channels: 16)
    x = builder.relu("relu", x)
    var channels = 16
    for (stage, width) in [16, 32, 64].enumerated() {
      for block in 0..<((depth - 2) / 6) {
        x = residualBlock(
          &builder, "layer\(stage + 1).\(block)", x, inputs: channels, outputs: width,
          stride: stage > 0 && block == 0 ? 2 : 1, shortcut: shortcut)
        channels = width
      }
    }
    x = builder.node("pool", .globalAveragePool, x)
    x = builder.flatten("flatten", x)
    x = builder.linear("linear", x, inputs: 64, outputs: 10)
    return try builder.finished(output: x, shape: scores(10))
  }

  private static func residualBlock(
    _ builder: inout GraphBuilder, _ name: String, _ x: String, inputs: Int, outputs: Int, stride: Int,
    shortcut: Shortcut
  ) -> String {
    var y = builder.convolution(
      "\(name).conv1", x, inputs: inputs, outputs: outputs, kernel: 3, stride: stride, padding: 1)
    y = builder.batchNormalization("\(name).bn1", y, channels: outputs)
    y = builder.relu("\(name).relu1", y)
    y = builder.convolution("\(name).conv2", y, inputs: outputs, outputs: outputs, kernel: 3, padding: 1)
    y = builder.batchNormalization("\(name).bn2", y, channels: outputs)
    var other = x
    switch (stride, shortcut) {
    case (2, .padded):
      let (border, far) = ((outputs - inputs) / 2, Int(Int32.max))
      other = builder.slice("\(name).subsample", x, axes: [2, 3], starts: [0, 0], ends: [far, far], steps: [2, 2])
      other = builder.pad("\(name).widen", other, before: [0, border, 0, 0], after: [0, border, 0, 0])
    case (2, .projected):
      other = builder.convolution("\(name).shortcut.0", x, inputs: inputs, outputs: outputs, kernel: 1, stride: 2)
      other = builder.batchNormalization("\(name).shortcut.1", other, channels: outputs)
    default: break
    }
    return builder.relu("\(name).relu2", builder.add("\(name).add", y, other))
  }
}
