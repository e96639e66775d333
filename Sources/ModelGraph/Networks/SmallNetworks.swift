/// The small networks of handwritten digits and of clothes, `[N, 1, 28, 28]` to `[N, 10]`.
extension BuiltinNetworks {
  /// Three convolutions and two linear layers for Fashion-MNIST; 1,701,354 parameters.
  static func fashionCNN(_ empty: GraphBuilder) throws -> Graph {
    var builder = empty
    var x = builder.input("input", images(1, 28))
    var channels = 1
    for (layer, width) in [32, 64, 128].enumerated() {
      let index = layer + 1
      x = builder.convolution("conv\(index)", x, inputs: channels, outputs: width, kernel: 3, padding: 1)
      x = builder.batchNormalization("bn\(index)", x, channels: width)
      x = builder.relu("relu\(index)", x)
      if index != 2 { x = builder.maxPool("pool\(index)", x, kernel: 2) }
      channels = width
    }
    x = builder.flatten("flatten", x)
    x = builder.linear("fc1", x, inputs: 128 * 7 * 7, outputs: 256)
    x = builder.relu("relu4", x)
    x = builder.linear("fc2", x, inputs: 256, outputs: 10)
    return try builder.finished(output: x, shape: scores(10))
  }

  /// LeCun and others 1998: two hidden layers of 300 and 100; 266,610 parameters.
  static func denseLeNet(_ empty: GraphBuilder) throws -> Graph {
    var builder = empty
    var x = builder.flatten("flatten", builder.input("input", images(1, 28)))
    x = builder.relu("relu1", builder.linear("fc1", x, inputs: 784, outputs: 300))
    x = builder.relu("relu2", builder.linear("fc2", x, inputs: 300, outputs: 100))
    x = builder.linear("fc3", x, inputs: 100, outputs: 10)
    return try builder.finished(output: x, shape: scores(10))
  }

  /// LeNet-5 as the pruning literature has it, after Caffe: 20 and 50 maps, a hidden layer of 500; 431,080 parameters.
  static func convolutionalLeNet(_ empty: GraphBuilder) throws -> Graph {
    var builder = empty
    var x = builder.input("input", images(1, 28))
    x = builder.convolution("conv1", x, inputs: 1, outputs: 20, kernel: 5, bias: true)
    x = builder.relu("relu1", builder.maxPool("pool1", x, kernel: 2))
    x = builder.convolution("conv2", x, inputs: 20, outputs: 50, kernel: 5, bias: true)
    x = builder.relu("relu2", builder.maxPool("pool2", x, kernel: 2))
    x = builder.linear("fc1", builder.flatten("flatten", x), inputs: 800, outputs: 500)
    x = builder.linear("fc2", builder.relu("relu3", x), inputs: 500, outputs: 10)
    return try builder.finished(output: x, shape: scores(10))
  }

  /// Three convolutions over time for nine sensors of 128 samples each (human activities), `[N, 9, 128]` to `[N, 6]`.
  static func signalNetwork(_ empty: GraphBuilder) throws -> Graph {
    var builder = empty
    var x = builder.input("input", [.symbolic("batch"), .fixed(9), .fixed(128)])
    var channels = 9
    for (layer, width) in [64, 128, 128].enumerated() {
      let index = layer + 1
      x = builder.convolution("conv\(index)", x, inputs: channels, outputs: width, kernel: 5, padding: 2, axes: 1)
      x = builder.relu("relu\(index)", builder.batchNormalization("bn\(index)", x, channels: width))
      if index < 3 { x = builder.maxPool("pool\(index)", x, kernel: 2, axes: 1) }
      channels = width
    }
    x = builder.flatten("flatten", builder.node("pool3", .globalAveragePool, x))
    x = builder.linear("fc", x, inputs: 128, outputs: 6)
    return try builder.finished(output: x, shape: scores(6))
  }
}
