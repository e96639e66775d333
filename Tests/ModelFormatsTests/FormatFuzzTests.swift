import Foundation
import ModelFormats
import ModelGraph
import Support
import TestSupport
import Testing

/// Damaged bytes give an error or a valid result, never a crash and never more memory than the file justifies.
@Suite struct FormatFuzzTests {
  static let rounds = 150

  @Test(arguments: try Golden.networkNames()) func networks(_ name: String) throws {
    let original = try Golden.bytes(name + ".onnx")
    var accepted = 0
    for round in 0..<Self.rounds {
      var generator = SeededGenerator(seed: UInt64(round), stream: name)
      if try Self.isRead(Self.damaged(original, &generator)) { accepted += 1 }
    }
    // Damage in a name or a weight changes nothing that can be noticed; damage in most other places is.
    #expect(accepted < Self.rounds)
  }

  /// Whole networks of every kind of layer, with sizes, positions and attributes of any number in the place of theirs.
  @Test(arguments: try TopologyZoo.all().map(\.graph.name)) func topologies(_ name: String) throws {
    let entry = try #require(try TopologyZoo.all().first { $0.graph.name == name })
    let original = try ONNXFile.encode(entry.graph)
    for round in 0..<20 {
      var generator = SeededGenerator(seed: UInt64(round), stream: name)
      _ = try Self.isRead(Self.damaged(original, &generator))
      var mutator = ExtremeAttributes(generator: generator)
      if let extreme = try? ONNXFile.encode(mutator.mutated(entry.graph)) { _ = try Self.isRead(extreme) }
    }
  }

  /// Every operator with numbers from the ends of their range, on inputs of several shapes.
  @Test(arguments: Operator.catalogue) func operators(_ op: Operator) throws {
    for round in 0..<24 {
      let generator = SeededGenerator(seed: UInt64(round), stream: op.onnxName)
      var mutator = ExtremeAttributes(generator: generator)
      let graph = mutator.network(of: op)
      if let bytes = try? ONNXFile.encode(graph) { _ = try Self.isRead(bytes) }
    }
  }

  /// A network that ends early is refused, or is one that has less.
  @Test(arguments: ["types_17", "if_rank_13", "function_17", "sparse_13", "lstm_7"]) func cutEnds(_ name: String) throws
  {
    let original = try Golden.bytes(name + ".onnx")
    for length in 0..<original.count { _ = try Self.isRead(original.prefix(length)) }
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

  /// Reads it both ways, as it is and in its canonical form. Records every error that is not of the format.
  private static func isRead(_ bytes: Data) throws -> Bool {
    do {
      let graph = try ONNXFile.decode(bytes, externalDataFolder: Golden.folder)
      try graph.validate()
      _ = try? graph.canonical()
      return true
    } catch {
      #expect(error is ModelFormatError, "\(error)")
      return false
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
