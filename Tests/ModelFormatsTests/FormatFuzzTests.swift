import Foundation
import ModelFormats
import ModelGraph
import Support
import Testing

/// Damaged bytes give an error or a valid result, never a crash and never more memory than the file justifies.
@Suite struct FormatFuzzTests {
  static let rounds = 150

  @Test(arguments: try Golden.networkNames()) func networks(_ name: String) throws {
    let original = try Golden.bytes(name + ".onnx")
    var accepted = 0
    for round in 0..<Self.rounds {
      var generator = SeededGenerator(seed: UInt64(round), stream: name)
      do {
        let graph = try ONNXFile.decode(Self.damaged(original, &generator), externalDataFolder: Golden.folder)
        try graph.validate()
        accepted += 1
      } catch {
        #expect(error is ModelFormatError, "\(error)")
      }
    }
    // Damage in a name or a weight changes nothing that can be noticed; damage in most other places is.
    #expect(accepted < Self.rounds)
  }

  @Test func safetensors() throws {
    let original = try Golden.bytes("arrays.safetensors")
    for round in 0..<2000 {
      var generator = SeededGenerator(seed: UInt64(round), stream: "safetensors")
      do {
        _ = try SafetensorsFile.decode(Self.damaged(original, &generator))
      } catch {
        #expect(error is ModelFormatError, "\(error)")
      }
    }
  }

  @Test(arguments: ["arrays_stored.npz", "arrays_deflated_columns.npz"]) func npz(_ name: String) throws {
    let original = try Golden.bytes(name)
    for round in 0..<1000 {
      var generator = SeededGenerator(seed: UInt64(round), stream: name)
      do {
        _ = try NPZFile.decode(Self.damaged(original, &generator))
      } catch {
        #expect(error is ModelFormatError, "\(error)")
      }
    }
  }

  /// One to four changes: a flipped bit, another byte, bytes cut out, put in or doubled, or a cut end.
  private static func damaged(_ bytes: Data, _ generator: inout SeededGenerator) -> Data {
    var bytes = [UInt8](bytes)
    for _ in 0...generator.integer(below: 4) where bytes.count > 8 {
      let position = generator.integer(below: bytes.count)
      let length = min(1 + generator.integer(below: 8), bytes.count - position)
      switch generator.integer(below: 7) {
      case 0: bytes[position] ^= 1 << UInt8(generator.integer(below: 8))
      case 1: bytes[position] = UInt8(truncatingIfNeeded: generator.next())
      case 2: bytes[position] = [0x00, 0x01, 0x7f, 0x80, 0xff][generator.integer(below: 5)]
      case 3: bytes.removeSubrange(position..<(position + length))
      case 4:
        bytes.insert(contentsOf: (0..<length).map { _ in UInt8(truncatingIfNeeded: generator.next()) }, at: position)
      case 5: bytes.insert(contentsOf: bytes[position..<(position + length)], at: position)
      default: bytes.removeSubrange(position...)
      }
    }
    return Data(bytes)
  }
}
