import Datasets
import Foundation
import ModelGraph
import StudyModel
import Support
import TestSupport
import Training

/// Small networks and images for the suites of this folder.
enum TestNetworks {
  /// convolution(1 to 4), normalisation, rectifier, pooling, linear(64 to 5) for `[N, 1, 8, 8]`: the network of the PyTorch golden.
  static func golden() throws -> Graph {
    var builder = GraphBuilder("golden", seed: 3)
    var x = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(8), .fixed(8)])
    x = builder.convolution("conv1", x, inputs: 1, outputs: 4, kernel: 3, padding: 1)
    x = builder.batchNormalization("bn1", x, channels: 4)
    x = builder.maxPool("pool1", builder.relu("relu1", x), kernel: 2)
    x = builder.linear("fc", builder.node("flatten", .flatten(axis: 1), x), inputs: 64, outputs: 5)
    return try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(5)])
  }

  /// Two convolutions, the second with a bias and no normalisation, and two linear layers for `[N, 3, 8, 8]`; 4 classes.
  static func mixed(seed: UInt64 = 7) throws -> Graph {
    var builder = GraphBuilder("mixed", seed: seed)
    var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
    x = builder.convolution("conv1", x, inputs: 3, outputs: 6, kernel: 3, padding: 1)
    x = builder.relu("relu1", builder.batchNormalization("bn1", x, channels: 6))
    x = builder.maxPool("pool1", x, kernel: 2)
    x = builder.convolution("conv2", x, inputs: 6, outputs: 5, kernel: 3, padding: 1, bias: true)
    x = builder.node("tanh", .activation(.tanh), x)
    x = builder.linear("fc1", builder.node("flatten", .flatten(axis: 1), x), inputs: 80, outputs: 7)
    x = builder.linear("fc2", builder.relu("relu2", x), inputs: 7, outputs: 4)
    return TopologyZoo.randomized(try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)]), seed: 2)
  }

  /// Two convolutions of three channels on one residual stream, with numbers that can be added up by hand.
  static func stream() throws -> Graph {
    var builder = GraphBuilder("stream", seed: 1)
    let input = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(2), .fixed(2)])
    let a = builder.batchNormalization(
      "bn", builder.convolution("a", input, inputs: 1, outputs: 3, kernel: 1), channels: 3)
    let b = builder.convolution("b", a, inputs: 3, outputs: 3, kernel: 1, bias: true)
    let sum = builder.node("pool", .globalAveragePool, builder.add("sum", a, b))
    let x = builder.linear("fc", builder.node("flatten", .flatten(axis: 1), sum), inputs: 3, outputs: 2)
    var graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(2)])
    graph.weights["a.weight"] = TensorData(shape: [3, 1, 1, 1], floats: [3, -1, 0.5])
    graph.weights["b.weight"] = TensorData(shape: [3, 3, 1, 1], floats: [4, 0, 0, -2, 2, 1, 0.5, 0.5, -1])
    return graph
  }

  /// Noise around one pattern per class; labels go round the classes.
  static func images(
    _ count: Int, channels: Int = 3, size: Int = 8, classes: Int = 4, seed: UInt64 = 1, noise: Double = 60
  ) throws -> ImageDataset {
    try images(count, channels: channels, height: size, width: size, classes: classes, seed: seed, noise: noise)
  }

  static func images(
    _ count: Int, channels: Int, height: Int, width: Int, classes: Int = 4, seed: UInt64 = 1, noise: Double = 60
  ) throws -> ImageDataset {
    let pixels = channels * height * width
    let patterns = (0..<classes).map { label -> [Double] in
      var generator = SeededGenerator(seed: seed, stream: "pattern/\(label)")
      return (0..<pixels).map { _ in generator.uniform() * 255 }
    }
    var generator = SeededGenerator(seed: seed, stream: "images")
    var bytes = Data(capacity: count * pixels)
    for sample in 0..<count {
      for value in patterns[sample % classes] {
        bytes.append(UInt8(min(255, max(0, value + (generator.uniform() - 0.5) * 2 * noise))))
      }
    }
    return try ImageDataset(
      name: "noise", channels: channels, height: height, width: width, classCount: classes, images: bytes,
      labels: (0..<count).map { UInt8($0 % classes) })
  }

  static func source(
    _ dataset: ImageDataset, input: InputNormalization = InputNormalization(mean: [0.5], std: [0.25])
  ) throws -> BatchSource {
    try BatchSource(dataset, indices: (0..<Int32(dataset.count)).map { $0 }, input: input)
  }
}
