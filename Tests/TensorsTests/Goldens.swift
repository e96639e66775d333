import Foundation
import Tensors
import Testing

/// Reads the golden files beside this source; make_goldens.py says how they were made.
struct Goldens {
  private struct Entry: Decodable {
    let dtype: String
    let shape: [Int]
    let offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  private let entries: [String: Entry]
  private let body: Data

  init(_ name: String, file: String = #filePath) throws {
    let url = URL(fileURLWithPath: file).deletingLastPathComponent()
      .appendingPathComponent("Goldens/\(name).safetensors")
    let bytes = try Data(contentsOf: url)
    let length = bytes.prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
    entries = try JSONDecoder().decode([String: Entry].self, from: bytes.dropFirst(8).prefix(length))
    body = Data(bytes.dropFirst(8 + length))
  }

  var names: [String] { entries.keys.sorted() }

  func tensor(_ name: String) throws -> Tensor {
    let entry = try #require(entries[name], "no golden '\(name)'")
    let types: [String: ScalarType] = ["F32": .float32, "I64": .int64, "U8": .uint8]
    return try Tensor(
      bytes: body.subdata(in: entry.offsets[0]..<entry.offsets[1]), shape: entry.shape,
      type: try #require(types[entry.dtype]))
  }

  /// The inputs `case.0`, `case.1`, ...
  func inputs(of name: String) throws -> [Tensor] {
    var result: [Tensor] = []
    while entries["\(name).\(result.count)"] != nil { result.append(try tensor("\(name).\(result.count)")) }
    return result
  }
}

/// The largest difference relative to the larger of 1 and the largest expected magnitude; infinite for other shapes.
func difference(_ value: Tensor, _ expected: Tensor) throws -> Double {
  guard value.shape == expected.shape else { return .infinity }
  let (left, right) = (try value.doubles, try expected.doubles)
  let scale = right.reduce(1) { max($0, $1.magnitude) }
  return zip(left, right).reduce(0) { worst, pair in
    let gap = (pair.0 - pair.1).magnitude / scale
    // A NaN on one side only is as far as can be.
    return gap.isNaN ? .infinity : max(worst, gap)
  }
}

/// Numbers from integers alone; make_goldens.py makes the same.
func filled(_ shape: [Int], salt: UInt64, _ low: Double = -1, _ high: Double = 1) -> [Float] {
  let count = shape.reduce(1, *)
  return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
    for index in 0..<count {
      var mixed = ((UInt64(index) &+ 1) &* 2_654_435_761 &+ salt &* 40503) & 0xffff_ffff
      mixed = ((mixed ^ (mixed >> 15)) &* 2_246_822_519) & 0xffff_ffff
      let unit = Double(mixed >> 8) / 16_777_216
      buffer[index] = Float(low + unit * (high - low))
    }
    initialized = count
  }
}
