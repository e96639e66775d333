/// Networks that are known by name, with fresh weights from a seed.
package enum BuiltinNetworks {
  /// The names that `graph(named:seed:)` takes.
  package static let names = ["fashion-cnn"] + residualDepths.map { "resnet\($0)" }

  private static let residualDepths = [20, 32, 44, 56, 110]

  /// Throws `GraphError(.unknownBuiltin)` with the names that exist.
  package static func graph(named name: String, seed: UInt64 = 0) throws -> Graph {
    if name == "fashion-cnn" { return try fashionCNN(seed: seed) }
    for depth in residualDepths where name == "resnet\(depth)" {
      return try residualNetwork(depth: depth, seed: seed)
    }
    throw GraphError(
      .unknownBuiltin, "There is no built-in network '\(name)'.",
      remedy: "Take one of: \(names.joined(separator: ", ")).")
  }

  /// Three convolutions and two linear layers for Fashion-MNIST, `[N, 1, 28, 28]` to `[N, 10]`; 1,701,354 parameters.
  private static func fashionCNN(seed: UInt64) throws -> Graph {
    var builder = GraphBuilder("fashion-cnn", seed: seed)
    var x = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(28), .fixed(28)])
    var channels = 1
    for (layer, width) in [32, 64, 128].enumerated() {
      let index = layer + 1
      x = builder.convolution("conv\(index)", x, inputs: channels, outputs: width, kernel: 3, padding: 1)
      x = builder.batchNormalization("bn\(index)", x, channels: width)
      x = builder.relu("relu\(index)", x)
      if index != 2 { x = builder.maxPool("pool\(index)", x, kernel: 2) }
      channels = width
    }
    x = builder.node("flatten", .flatten(axis: 1), x)
    x = builder.linear("fc1", x, inputs: 128 * 7 * 7, outputs: 256)
    x = builder.relu("relu4", x)
    x = builder.linear("fc2", x, inputs: 256, outputs: 10)
    return try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(10)])
  }

  /// He and others 2016, section 4.2, for CIFAR-10, `[N, 3, 32, 32]` to `[N, 10]`, with their option A shortcuts: where the
  /// width doubles, every second row and column is taken and zero channels are padded in front and behind.
  private static func residualNetwork(depth: Int, seed: UInt64) throws -> Graph {
    var builder = GraphBuilder("resnet\(depth)", seed: seed)
    var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(32), .fixed(32)])
    x = builder.convolution("conv1", x, inputs: 3, outputs: 16, kernel: 3, padding: 1)
    x = builder.batchNormalization("bn1", x, channels: 16)
    x = builder.relu("relu", x)
    var channels = 16
    for (stage, width) in [16, 32, 64].enumerated() {
      for block in 0..<((depth - 2) / 6) {
        x = residualBlock(
          &builder, "layer\(stage + 1).\(block)", x, inputs: channels, outputs: width,
          stride: stage > 0 && block == 0 ? 2 : 1)
        channels = width
      }
    }
    x = builder.node("pool", .globalAveragePool, x)
    x = builder.node("flatten", .flatten(axis: 1), x)
    x = builder.linear("linear", x, inputs: 64, outputs: 10)
    return try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(10)])
  }

  private static func residualBlock(
    _ builder: inout GraphBuilder, _ name: String, _ x: String, inputs: Int, outputs: Int, stride: Int
  ) -> String {
    var y = builder.convolution(
      "\(name).conv1", x, inputs: inputs, outputs: outputs, kernel: 3, stride: stride, padding: 1)
    y = builder.batchNormalization("\(name).bn1", y, channels: outputs)
    y = builder.relu("\(name).relu1", y)
    y = builder.convolution("\(name).conv2", y, inputs: outputs, outputs: outputs, kernel: 3, padding: 1)
    y = builder.batchNormalization("\(name).bn2", y, channels: outputs)
    var shortcut = x
    if stride == 2 {
      let border = (outputs - inputs) / 2
      shortcut = builder.node(
        "\(name).subsample",
        .slice(Slice(axes: [2, 3], starts: [0, 0], ends: [Int(Int32.max), Int(Int32.max)], steps: [2, 2])),
        shortcut)
      shortcut = builder.node(
        "\(name).widen", .pad(Pad(before: [0, border, 0, 0], after: [0, border, 0, 0])), shortcut)
    }
    return builder.relu("\(name).relu2", builder.add("\(name).add", y, shortcut))
  }
}
