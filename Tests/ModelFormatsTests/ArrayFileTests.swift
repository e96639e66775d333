import Foundation
import ModelFormats
import ModelGraph
import Testing

/// Safetensors and NPZ against files of the reference writers.
@Suite struct ArrayFileTests {
  /// What make_arrays.py writes.
  static func arrays() throws -> [String: TensorData] {
    func bytes<Value>(_ values: [Value]) -> Data { values.withUnsafeBytes { Data($0) } }
    return [
      "a.weight": TensorData(shape: [2, 3], floats: (0..<6).map { Float($0) / 4 }),
      "b.half": try TensorData(.float16, shape: [3], bytes: bytes([0.5, -2, 65504] as [Float16])),
      "c.long": TensorData(shape: [3, 1], integers: [1, -2, 1 << 62]),
      "d.byte": try TensorData(.uint8, shape: [3], bytes: Data([0, 127, 255])),
      "e.flag": try TensorData(.bool, shape: [2], bytes: Data([1, 0])),
      "f.scalar": try TensorData(.float64, shape: [], bytes: bytes([-1.5])),
      "g.empty": TensorData.zeros([0, 3]),
    ]
  }

  @Test func readsSafetensors() throws {
    #expect(try SafetensorsFile.read(Golden.folder.appendingPathComponent("arrays.safetensors")) == Self.arrays())
    let metadata = try SafetensorsFile.decode(try Golden.bytes("arrays.safetensors")).metadata
    #expect(metadata == ["format": "np", "note": "a test"])
  }

  @Test func writesSafetensorsThatItReads() throws {
    let arrays = try Self.arrays()
    let bytes = try SafetensorsFile.encode(arrays, metadata: ["plan": "quote \" and ü"])
    let read = try SafetensorsFile.decode(bytes)
    #expect(read.tensors == arrays)
    #expect(read.metadata == ["plan": "quote \" and ü"])
    #expect(try SafetensorsFile.encode(arrays, metadata: ["plan": "quote \" and ü"]) == bytes)
    #expect(try SafetensorsFile.decode(try SafetensorsFile.encode([:])).tensors.isEmpty)
  }

  @Test(arguments: [
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 8),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8
    ),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 8),
    (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, 8),
    (#"{"a":{"dtype":"F32","shape":[4611686018427387905,4],"data_offsets":[0,8]}}"#, 8),
    (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, 8),
    (#"{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}"#, 8),
    (#"{"a":[1,2]}"#, 0),
    (#"{"a":{"shape":[2],"data_offsets":[0,8]}}"#, 8),
    (#"[]"#, 0),
    (#"{"#, 0),
  ]) func refusesBrokenSafetensors(_ header: String, _ payload: Int) {
    var bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    bytes += Data(header.utf8) + Data(count: payload)
    #expect(throws: ModelFormatError.self) { try SafetensorsFile.decode(bytes) }
  }

  @Test func refusesAHugeSafetensorsHeader() throws {
    let error = try #require(throws: ModelFormatError.self) {
      try SafetensorsFile.decode(Data(repeating: 0xff, count: 64))
    }
    #expect(error.code == .tooLarge)
  }

  @Test func readsNPZ() throws {
    let arrays = try Self.arrays()
    #expect(try NPZFile.read(Golden.folder.appendingPathComponent("arrays_stored.npz")) == arrays)
    var deflated = try NPZFile.read(Golden.folder.appendingPathComponent("arrays_deflated_columns.npz"))
    let cube = try #require(deflated["h.cube"])
    deflated["h.cube"] = nil
    #expect(cube.shape == [2, 3, 4])
    #expect(cube.bytes == (0..<24).map { Int16($0) }.withUnsafeBytes { Data($0) })
    #expect(deflated == arrays)
  }

  @Test func writesNPZThatItReads() throws {
    let arrays = try Self.arrays()
    let bytes = try NPZFile.encode(arrays)
    #expect(try NPZFile.decode(bytes) == arrays)
    #expect(try NPZFile.encode(arrays) == bytes)
  }

  /// NumPy has no such numbers, and writes the arrays of ml_dtypes as raw bytes.
  @Test func numbersThatNumPyDoesNotKnowAreRawBytes() throws {
    let brain = try TensorData(.bfloat16, shape: [2], bytes: Data([0x80, 0x3f, 0, 0xc0]))
    let narrow = try TensorData(.float8e5m2, shape: [3], bytes: Data([1, 2, 3]))
    let bytes = try NPZFile.encode(["brain": brain, "narrow": narrow])
    #expect(bytes.range(of: Data("'descr': '<V2'".utf8)) != nil)
    #expect(bytes.range(of: Data("'descr': '|V1'".utf8)) != nil)
    let read = try NPZFile.decode(bytes)
    #expect(try read["brain"] == TensorData(.uint16, shape: [2], bytes: brain.bytes))
    #expect(try read["narrow"] == TensorData(.uint8, shape: [3], bytes: narrow.bytes))
  }

  @Test(arguments: ["big_endian.npz", "objects.npz"]) func refusesForeignElements(_ name: String) throws {
    let error = try #require(throws: ModelFormatError.self) { try NPZFile.decode(try Golden.bytes(name)) }
    #expect(error.code == .unsupportedType, "\(error)")
  }

  /// A flipped bit in a member's contents is a wrong check sum.
  @Test func noticesDamageInNPZ() throws {
    var bytes = try NPZFile.encode(["x": .filled([100], with: 1)])
    bytes[300] ^= 1
    #expect(throws: ModelFormatError.self) { try NPZFile.decode(bytes) }
  }
}
