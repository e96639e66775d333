import Foundation
import ModelFormats
import ModelGraph
import Support
import Testing

/// Tensors without their zeros: exact both ways, smaller, and safe against damage.
@Suite struct SparseTensorTests {
  /// Random bytes, of which about a share of the elements is zero.
  private static func tensor(
    _ type: ElementType, _ shape: [Int], zeros share: Double, seed: UInt64 = 1
  ) throws -> TensorData {
    var generator = SeededGenerator(seed: seed, stream: type.rawValue)
    var bytes = Data()
    for _ in 0..<shape.reduce(1, *) {
      let isZero = generator.uniform() < share
      for _ in 0..<type.byteCount { bytes.append(isZero ? 0 : UInt8(truncatingIfNeeded: generator.next())) }
    }
    return try TensorData(type, shape: shape, bytes: bytes)
  }

  @Test(arguments: ElementType.allCases, [0, 0.5, 0.9, 0.995, 1])
  func everyTypeComesBackExactly(type: ElementType, share: Double) throws {
    var tensors: [String: TensorData] = [:]
    for (name, shape) in [
      ("conv", [16, 8, 3, 3]), ("wide", [3, 1000]), ("vector", [500]), ("scalar", []), ("empty", [0, 4]), ("odd", [7]),
    ] {
      tensors[name] = try Self.tensor(type, shape, zeros: share)
    }
    let bytes = try SparseTensorFile.encode(tensors, metadata: ["format": "pt"])
    let read = try SparseTensorFile.decode(bytes)
    #expect(read.tensors == tensors)
    #expect(read.metadata == ["format": "pt"])
    #expect(try SparseTensorFile.encode(tensors, metadata: ["format": "pt"]) == bytes)
  }

  @Test func theSmallestFormWins() throws {
    func form(_ share: Double, _ shape: [Int] = [64, 64]) throws -> SparseForm? {
      let file = try SparseTensorFile.encode(["w": Self.tensor(.float32, shape, zeros: share)])
      return try SparseTensorFile.decode(file).forms["w"]?.form
    }
    #expect(try form(0) == .dense)
    #expect(try form(0.5) == .bitmask)
    #expect(try form(0.999) == .compressedRows)
    // A small tensor is not worth the words in the header.
    #expect(try form(0.9, [4, 4]) == .dense)
  }

  @Test func withoutZerosItIsPlainSafetensors() throws {
    let tensors = try ["a": Self.tensor(.float32, [8, 8], zeros: 0), "b": Self.tensor(.int64, [3], zeros: 0)]
    let plain = try SafetensorsFile.encode(tensors, metadata: ["format": "pt"])
    #expect(try SparseTensorFile.encode(tensors, metadata: ["format": "pt"]) == plain)
    #expect(try SparseTensorFile.decode(plain).tensors == tensors)
  }

  @Test func negativeZerosAndNotANumberStay() throws {
    var floats = Array(repeating: Float(0), count: 4096)
    (floats[3], floats[700], floats[4095]) = (-0.0, .nan, .leastNonzeroMagnitude)
    let tensor = TensorData(shape: [64, 64], floats: floats)
    let file = try SparseTensorFile.encode(["w": tensor])
    #expect(try SparseTensorFile.decode(file).tensors["w"]?.bytes == tensor.bytes)
    #expect(file.count < 1200)
  }

  @Test func aNetworksStoredSizeFallsWithItsZeros() throws {
    var graph = try BuiltinNetworks.graph(named: "resnet20")
    let dense = try SparseTensorFile.storedSize(of: graph)
    #expect(dense > graph.parameterCount * 4)
    for (name, weight) in graph.weights where weight.shape.count == 4 {
      let floats = weight.floats.enumerated().map { $0.offset % 10 == 0 ? $0.element : 0 }
      graph.weights[name] = TensorData(shape: weight.shape, floats: floats)
    }
    let sparse = try SparseTensorFile.storedSize(of: graph)
    // A tenth of the elements and a bit for each.
    #expect(Double(sparse) < 0.2 * Double(dense))
  }

  @Test func partsThatDoNotFitAreRefused() throws {
    func refuses(_ entry: String, _ parts: [String: TensorData], _ note: Comment) throws {
      let file = try SafetensorsFile.encode(parts, metadata: ["coppice.sparse": "{\"w\":\(entry)}"])
      #expect(throws: ModelFormatError.self, note) { try SparseTensorFile.decode(file) }
    }
    let values = TensorData(shape: [2], floats: [1, 2])
    func bytes(_ numbers: [UInt8]) throws -> TensorData {
      try TensorData(.uint8, shape: [numbers.count], bytes: Data(numbers))
    }
    func rows(_ numbers: [UInt32]) throws -> TensorData {
      try TensorData(.uint32, shape: [numbers.count], bytes: numbers.withUnsafeBytes { Data($0) })
    }
    let mask = #"{"form":"bitmask","type":"float32","shape":[3]}"#
    let csr = #"{"form":"csr","type":"float32","shape":[2,3]}"#
    let good = try SafetensorsFile.encode(
      ["w/values": values, "w/columns": bytes([1, 0]), "w/rows": rows([0, 1, 2])],
      metadata: ["coppice.sparse": "{\"w\":\(csr)}"])
    #expect(try SparseTensorFile.decode(good).tensors["w"]?.floats == [0, 1, 0, 2, 0, 0])
    try refuses(mask, ["w/values": values], "no mask")
    try refuses(mask, ["w/values": values, "w/mask": bytes([3, 0])], "a long mask")
    try refuses(mask, ["w/values": values, "w/mask": bytes([1])], "more values than bits")
    try refuses(mask, ["w/values": values, "w/mask": bytes([9])], "a bit beyond the end")
    try refuses(csr, ["w/values": values, "w/columns": bytes([1, 3]), "w/rows": rows([0, 1, 2])], "a column too far")
    try refuses(csr, ["w/values": values, "w/columns": bytes([1, 1]), "w/rows": rows([0, 2, 2])], "a column twice")
    try refuses(csr, ["w/values": values, "w/columns": bytes([1, 0]), "w/rows": rows([0, 2, 1])], "falling rows")
    try refuses(csr, ["w/values": values, "w/columns": bytes([1, 0]), "w/rows": rows([0, 2])], "a row missing")
    try refuses(
      #"{"form":"csr","type":"float32","shape":[1,1099511627776]}"#,
      ["w/values": TensorData(shape: [0], floats: []), "w/columns": rows([]), "w/rows": rows([0, 0])],
      "four terabytes from nothing")
    try refuses(
      #"{"form":"bitmask","type":"float32","shape":[-1]}"#, ["w/values": values, "w/mask": bytes([])], "a negative axis"
    )
    try refuses(
      #"{"form":"csr","type":"float32","shape":[4611686018427387904,0]}"#,
      ["w/values": TensorData(shape: [0], floats: []), "w/columns": bytes([]), "w/rows": rows([0])], "endless rows")
    try refuses(mask, ["w/values": values, "w/mask": bytes([3]), "w": values], "a second tensor of the name")
    try refuses("{", ["w": values], "broken words")
  }

  /// Damaged bytes give an error of the format or a valid result, and never much memory.
  @Test func damageIsAnErrorOrHarmless() throws {
    let tensors = try [
      "a": Self.tensor(.float32, [40, 40], zeros: 0.6), "b": Self.tensor(.float16, [60, 60], zeros: 0.99),
      "c": Self.tensor(.int8, [9], zeros: 0.5), "d": Self.tensor(.uint4, [50], zeros: 0.2),
    ]
    let original = try SparseTensorFile.encode(tensors)
    let forms = Set(try SparseTensorFile.decode(original).forms.values.map(\.form))
    #expect(forms == [.dense, .bitmask, .compressedRows])
    var accepted = 0
    func read(_ bytes: Data) {
      do {
        let total = try SparseTensorFile.decode(bytes).tensors.values.reduce(0) { $0 + $1.bytes.count }
        #expect(total <= 300 * bytes.count)
        accepted += 1
      } catch {
        #expect(error is ModelFormatError, "\(error)")
      }
    }
    for length in stride(from: 0, to: original.count, by: 7) { read(original.prefix(length)) }
    #expect(accepted == 0)
    let rounds = 1500
    // Most of the damage in the header, where the words are.
    let header = 8 + original.withUnsafeBytes { Int(UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self))) }
    for round in 0..<rounds {
      var generator = SeededGenerator(seed: UInt64(round), stream: "sparse")
      var bytes = [UInt8](original)
      for _ in 0...generator.integer(below: 3) {
        let position = generator.integer(below: round % 4 == 0 ? bytes.count : header)
        switch generator.integer(below: 4) {
        case 0: bytes[position] = UInt8(truncatingIfNeeded: generator.next())
        case 1: bytes[position] ^= 1 << UInt8(generator.integer(below: 8))
        case 2: bytes[position] = UInt8(ascii: "0") + UInt8(generator.integer(below: 10))
        default: bytes.remove(at: position)
        }
      }
      read(Data(bytes))
    }
    #expect(accepted < rounds)
  }
}
