import ModelGraph
import TestSupport
import Testing

@Suite struct BuiltinNetworkTests {
  /// Parameters as PyTorch 2.13 counts them, sum(p.numel() for p in m.parameters()): torchvision.models.mobilenet_v2() with 1000 and
  /// with 10 classes (and with one input plane), the features of vgg16_bn() with nn.Linear(512, 10), nn.LSTM(28, 128, 2) with nn.Linear(128, 10),
  /// nn.GRU(28, 96, 2, bidirectional=True) with nn.Linear(192, 10), two nn.TransformerEncoderLayer(64, 4, 128) with nn.Linear(28, 64),
  /// nn.Conv1d(64, 64, 3, groups=64) and nn.Linear(64, 10), and the other networks' layers likewise; of
  /// resnet8 and mobilenetv1-025 as MLPerf Tiny publishes their weights, less the running statistics.
  static let parameterCounts: [String: Int] = [
    "fashion-cnn": 1_701_354, "lenet-300-100": 266_610, "lenet5": 431_080, "resnet20": 269_722, "resnet32": 464_154,
    "resnet44": 658_586, "resnet56": 853_018, "resnet110": 1_727_962, "resnet20-b": 272_474, "resnet32-b": 466_906,
    "resnet44-b": 661_338, "resnet56-b": 855_770, "resnet110-b": 1_730_714, "vgg16-bn": 14_728_266,
    "mobilenetv2": 2_236_682, "mobilenetv2-imagenet": 3_504_872, "mobilenetv2-fashion": 2_236_106, "conv1d": 127_174,
    "lstm": 214_282,
    "bi-gru": 241_546, "resnet8": 78_186, "mobilenetv1-025": 216_322, "transformer-encoder": 69_706,
  ]

  @Test(arguments: parameterCounts.keys.sorted())
  func parameters(name: String) throws {
    #expect(try BuiltinNetworks.graph(named: name).parameterCount == Self.parameterCounts[name])
  }

  /// The largest, of 138,365,992 parameters (torchvision.models.vgg16_bn()), takes too long to fill with numbers in a test.
  @Test func everyNameIsCounted() {
    #expect(Set(BuiltinNetworks.names) == Set(Self.parameterCounts.keys).union(["vgg16-bn-imagenet"]))
  }

  /// Names of published weights: torchvision's for MobileNetV2 and VGG, PyTorch's layers for the rest.
  @Test func weightsAreNamedAsInStateDictionaries() throws {
    let expected: [String: [String: [Int]]] = [
      "mobilenetv2-imagenet": [
        "features.0.0.weight": [32, 3, 3, 3], "features.1.conv.0.1.running_var": [32],
        "features.1.conv.1.weight": [16, 32, 1, 1], "features.2.conv.1.0.weight": [96, 1, 3, 3],
        "features.17.conv.3.bias": [320], "features.18.0.weight": [1280, 320, 1, 1],
        "classifier.1.weight": [1000, 1280],
      ],
      "vgg16-bn": ["features.0.bias": [64], "features.41.weight": [512], "classifier.weight": [10, 512]],
      "resnet20-b": ["layer2.0.shortcut.0.weight": [32, 16, 1, 1], "linear.weight": [10, 64]],
      "transformer-encoder": [
        "layers.1.self_attn.in_proj_weight": [192, 64], "layers.0.self_attn.out_proj.bias": [64],
        "layers.0.linear1.weight": [128, 64], "layers.1.norm2.weight": [64],
      ],
      "lstm": ["lstm.0.W": [1, 512, 28], "lstm.1.R": [1, 512, 128], "lstm.1.B": [1, 1024]],
      "bi-gru": ["gru.1.W": [2, 288, 192]],
    ]
    for (name, shapes) in expected {
      let weights = try BuiltinNetworks.graph(named: name).weights
      for (weight, shape) in shapes { #expect(weights[weight]?.shape == shape, "\(name) \(weight)") }
    }
  }

  /// By the reference, which has shapes of its own: what is declared is what comes out, for any batch and length.
  @Test(arguments: ["lenet-300-100", "conv1d", "lstm", "bi-gru", "transformer-encoder"])
  func computesItsDeclaredShape(name: String) throws {
    let graph = try BuiltinNetworks.graph(named: name)
    let topology = Topology(graph: graph, groups: [], pinned: [])
    for (batch, time) in [(1, 2), (3, 5)] {
      let output = try #require(try topology.outputs(batch: batch, time: time).first)
      #expect(output.shape == [batch, name == "conv1d" ? 6 : 10])
      #expect(output.values.allSatisfy { $0.isFinite })
    }
  }

  @Test func fashionCNNCountsAsWorkedOutByHand() throws {
    let graph = try BuiltinNetworks.graph(named: "fashion-cnn")
    let counts = Dictionary(
      uniqueKeysWithValues: try graph.multiplyAccumulatesByNode().map { ($0.node, $0.count) })
    #expect(
      counts == [
        "conv1": 28 * 28 * 32 * 9, "conv2": 14 * 14 * 64 * 9 * 32, "conv3": 14 * 14 * 128 * 9 * 64,
        "fc1": 128 * 7 * 7 * 256, "fc2": 256 * 10,
      ])
    #expect(try graph.multiplyAccumulates(binding: ["batch": 3]) == 3 * counts.values.reduce(0, +))
  }

  @Test func residualNetworkKeepsItsShapes() throws {
    let graph = try BuiltinNetworks.graph(named: "resnet20")
    let shapes = try graph.shapes(binding: ["batch": 4])
    #expect(shapes["layer1.2.relu2_out"] == [4, 16, 32, 32])
    #expect(shapes["layer2.0.subsample_out"] == [4, 16, 16, 16])
    #expect(shapes["layer2.0.widen_out"] == [4, 32, 16, 16])
    #expect(shapes["layer3.2.relu2_out"] == [4, 64, 8, 8])
    #expect(shapes["logits"] == [4, 10])
  }

  @Test func sameSeedGivesTheSameWeights() throws {
    let first = try BuiltinNetworks.graph(named: "fashion-cnn", seed: 5)
    #expect(try BuiltinNetworks.graph(named: "fashion-cnn", seed: 5) == first)
    #expect(
      try BuiltinNetworks.graph(named: "fashion-cnn", seed: 6).weights["fc2.weight"] != first.weights["fc2.weight"])
    let weight = try #require(first.weights["conv2.weight"]).floats
    let bound = Float(1 / (32 * 9 as Double).squareRoot())
    #expect(weight.allSatisfy { abs($0) <= bound })
    #expect(weight.contains { abs($0) > 0.95 * bound })
  }

  @Test func unknownNameListsTheKnownOnes() throws {
    let error = #expect(throws: GraphError.self) { try BuiltinNetworks.graph(named: "resnet19") }
    #expect(error?.code == .unknownBuiltin)
    #expect(error?.remedy?.contains("resnet20") == true)
  }
}
