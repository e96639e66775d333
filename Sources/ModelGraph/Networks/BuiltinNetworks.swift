import Support

/// Networks that are known by name, with fresh weights from a seed. Weights are named as in PyTorch's state dictionaries (or
/// Keras' layers) of the models that they follow, so that published weights can be laid over them.
package enum BuiltinNetworks {
  /// The names that `graph(named:seed:)` takes.
  package static let names = constructors.map(\.name)

  /// Throws `GraphError(.unknownBuiltin)` with the names that exist.
  package static func graph(named name: String, seed: UInt64 = 0) throws -> Graph {
    guard let constructor = constructors.first(where: { $0.name == name }) else {
      throw GraphError(
        .unknownBuiltin, "There is no built-in network '\(name)'\(Spelling.hint(for: name, among: names)).",
        remedy: "Take one of: \(names.joined(separator: ", ")).")
    }
    return try constructor.make(GraphBuilder(name, seed: seed))
  }

  private struct Constructor: Sendable {
    let name: String
    let make: @Sendable (GraphBuilder) throws -> Graph
  }

  private static let depths = [20, 32, 44, 56, 110]

  private static let constructors: [Constructor] = {
    var all = [
      Constructor(name: "fashion-cnn") { try fashionCNN($0) },
      Constructor(name: "lenet-300-100") { try denseLeNet($0) },
      Constructor(name: "lenet5") { try convolutionalLeNet($0) },
    ]
    for depth in depths {
      all.append(Constructor(name: "resnet\(depth)") { try residualNetwork($0, depth: depth, shortcut: .padded) })
    }
    for depth in depths {
      all.append(Constructor(name: "resnet\(depth)-b") { try residualNetwork($0, depth: depth, shortcut: .projected) })
    }
    all += [
      Constructor(name: "resnet8") { try tinyResidualNetwork($0) },
      Constructor(name: "mobilenetv1-025") { try quarterMobileNet($0) },
      Constructor(name: "vgg16-bn") { try vgg16($0, imageNet: false) },
      Constructor(name: "vgg16-bn-imagenet") { try vgg16($0, imageNet: true) },
      Constructor(name: "mobilenetv2") { try mobileNetV2($0, .cifar) },
      Constructor(name: "mobilenetv2-imagenet") { try mobileNetV2($0, .imageNet) },
      Constructor(name: "mobilenetv2-fashion") { try mobileNetV2($0, .fashion) },
      Constructor(name: "conv1d") { try signalNetwork($0) },
      Constructor(name: "lstm") { try recurrentNetwork($0, cell: .lstm, hidden: 128, direction: .forward) },
      Constructor(name: "bi-gru") { try recurrentNetwork($0, cell: .gru, hidden: 96, direction: .bidirectional) },
      Constructor(name: "transformer-encoder") { try transformerEncoder($0) },
    ]
    return all
  }()

  /// `[batch, channels, size, size]`.
  static func images(_ channels: Int, _ size: Int) -> [Dimension] {
    [.symbolic("batch"), .fixed(channels), .fixed(size), .fixed(size)]
  }

  /// `[batch, classes]`.
  static func scores(_ classes: Int) -> [Dimension] { [.symbolic("batch"), .fixed(classes)] }
}
