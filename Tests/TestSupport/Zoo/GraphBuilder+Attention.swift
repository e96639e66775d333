import Foundation
import ModelGraph

/// Attention in the pieces that exporters write, for the zoo.
extension GraphBuilder {
  /// Products "q" of one value and "k", "v" of another, each 8 to 8.
  mutating func queries(_ x: String, memory: String) -> (q: String, k: String, v: String) {
    (
      matrix("q", x, inputs: 8, outputs: 8), matrix("k", memory, inputs: 8, outputs: 8),
      matrix("v", memory, inputs: 8, outputs: 8)
    )
  }

  /// Q `[N, 2, T, 4]`, K `[N, 2, 4, T]` and V `[N, 2, T, 4]` of one product "qkv", cut by one reshape.
  mutating func packedRows(_ x: String) -> (q: String, k: String, v: String) {
    let packed = matrix("qkv", x, inputs: 8, outputs: 24)
    let rows = transpose("swap", reshape("cut", packed, [0, 0, 3, 2, 4]), [2, 0, 3, 1, 4])
    let k = transpose("k.turned", gather("k", rows, at: 1, axis: 0), [0, 1, 3, 2])
    return (gather("q", rows, at: 0, axis: 0), k, gather("v", rows, at: 2, axis: 0))
  }

  /// `[N, T, heads x size]` to `[N, heads, T, size]`.
  package mutating func heads(_ name: String, _ x: String, _ heads: Int, _ size: Int) -> String {
    transpose("\(name).swap", reshape("\(name).cut", x, [0, 0, heads, size]), [0, 2, 1, 3])
  }

  /// The same with every head several times in a row.
  mutating func repeated(_ name: String, _ x: String, heads: Int, size: Int, times: Int) -> String {
    let cut = unsqueeze("\(name).apart", reshape("\(name).cut", x, [0, 0, heads, size]), axes: [3])
    let wide = expand("\(name).wide", cut, [1, 1, heads, times, size])
    return transpose("\(name).swap", reshape("\(name).merge", wide, [0, 0, heads * times, size]), [0, 2, 1, 3])
  }

  /// Two heads of 4 from `[N, T, 8]`, and the output projection "proj".
  mutating func attended(
    _ q: String, _ k: String, _ v: String, mask: ((inout GraphBuilder, String) -> String)? = nil
  ) -> String {
    let keys = transpose("k.swap", reshape("k.cut", k, [0, 0, 2, 4]), [0, 2, 3, 1])
    return attendedHeads(heads("q", q, 2, 4), keys, heads("v", v, 2, 4), mask: mask)
  }

  /// From Q `[N, H, T, d]`, K `[N, H, d, S]` and V `[N, H, S, d]` to "proj", `[N, T, 8]`.
  mutating func attendedHeads(
    _ q: String, _ k: String, _ v: String, width: Int = 8, mask: ((inout GraphBuilder, String) -> String)? = nil
  ) -> String {
    var scores = scale("scale", product("scores", q, k), by: 0.5)
    if let mask { scores = mask(&self, scores) }
    let attended = product("mix", node("softmax", .softmax(axis: -1), scores), v)
    let merged = reshape("merge", transpose("back", attended, [0, 2, 1, 3]), [0, 0, width])
    return matrix("proj", merged, inputs: width, outputs: 8)
  }

  /// Cosines and sines of position x frequency, `[time, size]`, the halves of each row equal.
  mutating func angles(time: Int, size: Int) -> (cosines: String, sines: String) {
    let angles = (0..<time * size).map { place -> Double in
      Double(place / size + 1) / pow(3, Double(place % size % (size / 2)))
    }
    return (
      weight("cosines", TensorData(shape: [time, size], floats: angles.map { Float(cos($0)) })),
      weight("sines", TensorData(shape: [time, size], floats: angles.map { Float(sin($0)) }))
    )
  }

  /// Rotary embedding of `[N, H, T, size]`: halves change places, one of them negated.
  mutating func rotated(
    _ name: String, _ x: String, _ angles: (cosines: String, sines: String), size: Int
  ) -> String {
    let first = slice("\(name).first", x, axes: [3], starts: [0], ends: [size / 2])
    let second = slice("\(name).second", x, axes: [3], starts: [size / 2], ends: [Int(Int32.max)])
    let negated = node("\(name).negated", .unary(.negative), second)
    let turned = concat("\(name).halves", [negated, first], axis: -1)
    return add(
      "\(name).rotated", multiply("\(name).cos", x, angles.cosines), multiply("\(name).sin", turned, angles.sines))
  }
}
