import ModelGraph

extension ReferenceStep {
  /// Of `[N, heads, T, d]`, or three axes with the heads side by side, pairs of a head's first elements turn by the angles of their
  /// position; the others stay.
  func rotate(_ rotary: RotaryEmbedding) throws -> ReferenceTensor {
    var x = try argument(0)
    let (cosines, sines) = (try argument(1), try argument(2))
    let isFlat = x.shape.count == 3
    if isFlat {
      guard let heads = rotary.heads else { throw failure("has no number of heads") }
      x = x.reshaped([x.shape[0], x.shape[1], heads, x.shape[2] / heads]).transposed([0, 2, 1, 3])
    }
    let turned = rotary.rotatedSize == 0 ? x.shape[3] : rotary.rotatedSize
    let half = turned / 2
    try check(cosines.shape.last == half && sines.shape == cosines.shape, "has angles that do not fit")
    let positions = optional(3)
    let y = ReferenceTensor.generate(x.shape) { index in
      let (batch, head, time, element) = (index[0], index[1], index[2], index[3])
      guard element < turned else { return x[index] }
      let pair = rotary.interleaved ? element / 2 : element % half
      let places = rotary.interleaved ? [2 * pair, 2 * pair + 1] : [pair, pair + half]
      let row = positions.map { [Int($0[[batch, time]])] } ?? [batch, time]
      let (cosine, sine) = (cosines[row + [pair]], sines[row + [pair]])
      let (first, second) = (x[[batch, head, time, places[0]]], x[[batch, head, time, places[1]]])
      return element == places[0] ? cosine * first - sine * second : sine * first + cosine * second
    }
    guard isFlat else { return y }
    return y.transposed([0, 2, 1, 3]).reshaped([y.shape[0], y.shape[2], y.shape[1] * y.shape[3]])
  }
}
