/// VGG and MobileNetV2, for ImageNet (`[N, 3, 224, 224]` to `[N, 1000]`) as torchvision has them, and for smaller images.
extension BuiltinNetworks {
  /// Simonyan and Zisserman 2015, configuration D with batch normalisation; for CIFAR-10 with one linear layer.
  static func vgg16(_ empty: GraphBuilder, imageNet: Bool) throws -> Graph {
    var builder = empty
    var x = builder.input("input", images(3, imageNet ? 224 : 32))
    var channels = 3
    // Positions in PyTorch's sequence: convolution, normalisation, rectifier, and a pool at the end of each stage.
    var index = 0
    for (width, layers) in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)] {
      for _ in 0..<layers {
        x = builder.convolution(
          "features.\(index)", x, inputs: channels, outputs: width, kernel: 3, padding: 1, bias: true)
        x = builder.batchNormalization("features.\(index + 1)", x, channels: width)
        x = builder.relu("features.\(index + 2)", x)
        (channels, index) = (width, index + 3)
      }
      x = builder.maxPool("features.\(index)", x, kernel: 2)
      index += 1
    }
    x = builder.flatten("flatten", x)
    guard imageNet else {
      x = builder.linear("classifier", x, inputs: 512, outputs: 10)
      return try builder.finished(output: x, shape: scores(10))
    }
    for (layer, inputs) in [(0, 512 * 7 * 7), (3, 4096)] {
      x = builder.linear("classifier.\(layer)", x, inputs: inputs, outputs: 4096)
      x = builder.relu("classifier.\(layer + 1)", x)
      x = builder.dropout("classifier.\(layer + 2)", x, ratio: 0.5)
    }
    x = builder.linear("classifier.6", x, inputs: 4096, outputs: 1000)
    return try builder.finished(output: x, shape: scores(1000))
  }

  /// What a MobileNetV2 looks at.
  enum MobileImages {
    case imageNet, cifar, fashion
  }

  /// Sandler and others 2018, width 1; for CIFAR-10 the first two reductions are left out, for Fashion-MNIST (`[N, 1, 28, 28]`) the
  /// first.
  static func mobileNetV2(_ empty: GraphBuilder, _ kind: MobileImages) throws -> Graph {
    var builder = empty
    let (planes, size): (Int, Int) =
      switch kind {
      case .imageNet: (3, 224)
      case .cifar: (3, 32)
      case .fashion: (1, 28)
      }
    var x = builder.input("input", images(planes, size))
    x = builder.rectified(
      "features.0", x, inputs: planes, outputs: 32, kernel: 3, stride: kind == .imageNet ? 2 : 1)
    // Expansion, channels, blocks, stride of the first.
    let stages = [
      (1, 16, 1, 1), (6, 24, 2, kind == .cifar ? 1 : 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
      (6, 320, 1, 1),
    ]
    var (channels, index) = (32, 1)
    for (expansion, width, blocks, firstStride) in stages {
      for block in 0..<blocks {
        x = invertedResidual(
          &builder, "features.\(index)", x, inputs: channels, outputs: width, expansion: expansion,
          stride: block == 0 ? firstStride : 1)
        (channels, index) = (width, index + 1)
      }
    }
    x = builder.rectified("features.\(index)", x, inputs: channels, outputs: 1280, kernel: 1)
    x = builder.flatten("flatten", builder.node("pool", .globalAveragePool, x))
    x = builder.dropout("classifier.0", x, ratio: 0.2)
    let classes = kind == .imageNet ? 1000 : 10
    x = builder.linear("classifier.1", x, inputs: 1280, outputs: classes)
    return try builder.finished(output: x, shape: scores(classes))
  }

  /// Expanded, filtered channel by channel, and narrowed again without a rectifier; added to its input where it fits.
  private static func invertedResidual(
    _ builder: inout GraphBuilder, _ name: String, _ x: String, inputs: Int, outputs: Int, expansion: Int, stride: Int
  ) -> String {
    let hidden = inputs * expansion
    var (y, part) = (x, 0)
    if expansion != 1 {
      y = builder.rectified("\(name).conv.0", y, inputs: inputs, outputs: hidden, kernel: 1)
      part = 1
    }
    y = builder.rectified(
      "\(name).conv.\(part)", y, inputs: hidden, outputs: hidden, kernel: 3, stride: stride, groups: hidden)
    y = builder.convolution("\(name).conv.\(part + 1)", y, inputs: hidden, outputs: outputs, kernel: 1)
    y = builder.batchNormalization("\(name).conv.\(part + 2)", y, channels: outputs)
    return stride == 1 && inputs == outputs ? builder.add("\(name).add", x, y) : y
  }
}

extension GraphBuilder {
  /// Convolution "name.0", normalisation "name.1" and a rectifier that ends at 6.
  fileprivate mutating func rectified(
    _ name: String, _ x: String, inputs: Int, outputs: Int, kernel: Int, stride: Int = 1, groups: Int = 1
  ) -> String {
    let y = convolution(
      "\(name).0", x, inputs: inputs, outputs: outputs, kernel: kernel, stride: stride, padding: kernel / 2,
      groups: groups)
    return clip("\(name).2", batchNormalization("\(name).1", y, channels: outputs), minimum: 0, maximum: 6)
  }
}
