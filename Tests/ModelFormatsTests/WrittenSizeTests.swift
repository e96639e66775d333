import Foundation
import ModelFormats
import ModelGraph
import Testing

/// What is written is not larger than what was read.
@Suite struct WrittenSizeTests {
  @Test func denseNetworksDoNotGrow() throws {
    for network in try SharedNetwork.all() {
      let given = try Data(contentsOf: network.url).count
      // Packed before the notes leave, since one of them lists what can be packed.
      let written = try ONNXFile.byteCount(of: network.read().packingRepeatedWeights().withoutProvenance)
      #expect(written <= given, "\(network.name): \(given) bytes become \(written)")
    }
  }

  /// This network updates a cache by the positions of all of its numbers, which are more bytes than its weights.
  @Test func positionsOfCachesAreNotWrittenOut() throws {
    guard let network = try SharedNetwork.all().first(where: { $0.name.hasPrefix("gtcrn") }) else { return }
    let graph = try network.read()
    #expect(!graph.nodes.contains { $0.op.onnxName == "ScatterND" })
    #expect(try ONNXFile.byteCount(of: graph.withoutProvenance) < Data(contentsOf: network.url).count / 2)
  }

  @Test func aFileCountsWithTheWeightsBesideIt() throws {
    let network = Golden.folder.appendingPathComponent("external_13.onnx")
    let both = try Data(contentsOf: network).count + Golden.bytes("external_13.data").count
    #expect(try ONNXFile.storedBytes(of: network) == both)
    let plain = Golden.folder.appendingPathComponent("type_float16.onnx")
    #expect(try ONNXFile.storedBytes(of: plain) == Data(contentsOf: plain).count)
  }

  /// A weight of float16 that repeats itself or has margins is written once and narrow, and comes back under its own name.
  @Test func repeatedWeightsStayNarrow() throws {
    var builder = GraphBuilder("repeated", seed: 1)
    let x = builder.input("x", [.symbolic("batch"), .fixed(4), .fixed(6), .fixed(6)])
    func weight(_ name: String, _ shape: [Int]) -> String {
      let floats = (0..<shape.reduce(1, *)).map { Float($0 % 64 + 1) / 64 }
      return builder.weight(name, TensorData(shape: shape, floats: floats))
    }
    let tiled = builder.tile("tiled", weight("rows", [16, 4, 3, 1]), [1, 1, 1, 3])
    let y = builder.node("one", .convolution(Convolution(kernel: [3, 3])), x, tiled)
    let padded = builder.pad("padded", weight("core", [16, 16, 1, 1]), before: [0, 0, 1, 1], after: [0, 0, 1, 1])
    let z = builder.node("two", .convolution(Convolution(kernel: [3, 3])), y, padded)
    var graph = try builder.finished(output: z, as: "z", shape: [.symbolic("batch"), .fixed(16), .fixed(2), .fixed(2)])
    graph.opset = 18
    graph.metadata["coppice.converted-from"] = "float16"
    let canonical = try graph.canonical()
    let packed = canonical.packingRepeatedWeights()
    // The numbers of the two constants, of two bytes each, and at most 2 KiB for all else.
    #expect(try ONNXFile.encode(packed).count < 2 * (192 + 256) + 2048)
    let read = try ONNXFile.reread(packed)
    #expect(read.weights == canonical.weights)
    #expect(read.nodes == canonical.nodes)
  }

  private static func positions(_ shape: [Int], _ type: ElementType, _ value: ([Int]) -> Int) throws -> TensorData {
    var numbers: [Int] = []
    for place in 0..<shape.reduce(1, *) {
      var (rest, index) = (place, shape)
      for axis in shape.indices.reversed() { (index[axis], rest) = (rest % shape[axis], rest / shape[axis]) }
      numbers.append(value(index))
    }
    guard type == .int32 else { return TensorData(shape: shape, integers: numbers.map(Int64.init)) }
    let bytes = numbers.map(Int32.init).withUnsafeBufferPointer { Data(buffer: $0) }
    return try TensorData(.int32, shape: shape, bytes: bytes)
  }

  private static func network(_ positions: TensorData) throws -> Graph {
    var builder = GraphBuilder("rows", seed: 1)
    let input = builder.input("x", [.fixed(4000), .fixed(2)])
    let y = builder.node("take", .gather(axis: 0), input, builder.weight("positions", positions))
    var graph = try builder.finished(
      output: y, as: "y", shape: positions.shape.map { .fixed($0) } + [.fixed(2)])
    graph.opset = 18
    return graph
  }

  /// Runs, grids, sliding windows and coordinates take little room, and are read again as they were.
  @Test(arguments: [ElementType.int64, .int32]) func positionsThatFollowARuleArePacked(_ type: ElementType) throws {
    let constants = [
      try Self.positions([300], type) { 7 + 3 * $0[0] },
      try Self.positions([300], type) { 900 - $0[0] },
      try Self.positions([10, 30], type) { 30 * $0[0] + $0[1] },
      try Self.positions([40, 10], type) { _ in 5 },
      try Self.positions([3, 400], type) { 20 + $0[0] + $0[1] },
      try Self.positions([49, 49], type) { 84 + $0[0] / 7 * 13 + $0[0] % 7 - $0[1] / 7 * 13 - $0[1] % 7 },
      try Self.positions([1, 16, 10, 33, 4], type) { $0[$0[4]] },
    ]
    for constant in constants {
      let graph = try Self.network(constant)
      let bytes = try ONNXFile.encode(graph)
      #expect(try ONNXFile.decode(bytes) == graph, "\(constant.shape)")
      let whole = constant.bytes.count
      #expect(bytes.count < 1200 + whole / 2, "\(constant.shape): \(bytes.count)")
      let written = try ONNXFile.decode(bytes, precision: .asWritten)
      #expect(written.weights["positions"] == constant)
    }
  }

  /// Sizes and axes take a byte each; what would be longer that way is written as it is.
  @Test(arguments: [[1, 2, 3, 127, 0, 64], [-1, 36, 1, 1], [Int.max, Int.min, -1], [-1]])
  func listsOfIntegersTakeFewBytes(_ numbers: [Int]) throws {
    let list = TensorData(shape: [numbers.count], integers: numbers.map(Int64.init))
    let graph = try Self.network(list)
    let bytes = try ONNXFile.encode(graph)
    #expect(try ONNXFile.decode(bytes, precision: .asWritten).weights["positions"] == list)
    let single = try ONNXFile.encode(Self.network(TensorData(shape: [1], integers: [0]))).count
    let isSmall = numbers.allSatisfy { (0..<128).contains($0) }
    #expect(bytes.count <= single + (numbers.count - 1) * (isSmall ? 1 : 8) + 8, "\(numbers)")
  }

  @Test func otherPositionsStay() throws {
    let irregular = try Self.positions([300], .int64) { $0[0] * $0[0] % 97 }
    let graph = try Self.network(irregular)
    let bytes = try ONNXFile.encode(graph)
    #expect(bytes.count > irregular.bytes.count)
    #expect(try ONNXFile.decode(bytes) == graph)
    let extremes = TensorData(shape: [80], integers: (0..<80).map { $0 % 2 == 0 ? Int64.max : Int64.min })
    #expect(try ONNXFile.decode(ONNXFile.encode(Self.network(extremes))).weights["positions"] == extremes)
  }
}
