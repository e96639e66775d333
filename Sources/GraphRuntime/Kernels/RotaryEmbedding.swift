import ModelGraph
import Tensors

extension KernelContext {
  /// Turns pairs of each head's elements by the angle of their position.
  func rotaryEmbedding(_ attributes: RotaryEmbedding) throws -> KernelBody {
    try expectInputs(3...4)
    return { call in
      let given = try call.tensor(0)
      let shape = given.shape
      guard given.rank == 3 || given.rank == 4 else {
        throw failure("has an input of shape \(shape); it needs three or four axes")
      }
      var x = given
      if given.rank == 3 {
        guard let heads = attributes.heads, heads > 0, shape[2] % heads == 0 else {
          throw failure("cannot cut an input of shape \(shape) into \(attributes.heads ?? 0) heads")
        }
        x = try given.reshape([shape[0], shape[1], heads, shape[2] / heads])
      }
      let size = x.shape[3]
      let turned = attributes.rotatedSize == 0 ? size : attributes.rotatedSize
      guard (0...size).contains(turned), turned % 2 == 0 else {
        throw failure("cannot turn \(turned) of \(size) elements in pairs")
      }
      // Heads lie after the positions in three axes, before them in four.
      func angles(_ cache: Tensor) throws -> Tensor {
        guard cache.rank > 1 else { throw failure("has angles of shape \(cache.shape)") }
        var table = cache
        if let positions = call.optional(3) {
          let rows = try cache.takeRows(positions.to(.int64).reshape([-1]))
          table = try rows.reshape(positions.shape + [cache.shape[cache.rank - 1]])
        }
        return try table.inserting(axis: given.rank == 3 ? 2 : 1).to(x.type)
      }
      let (cosine, sine) = (try angles(call.tensor(1)), try angles(call.tensor(2)))
      let half = turned / 2
      let first = try attributes.interleaved ? x.slice(3, 0, turned, step: 2) : x.slice(3, 0, half)
      let second = try attributes.interleaved ? x.slice(3, 1, turned, step: 2) : x.slice(3, half, turned)
      let pair = [try cosine * first - sine * second, try sine * first + cosine * second]
      let rotated =
        try attributes.interleaved
        ? Tensor.stack(pair, axis: 4).reshape(Array(x.shape[..<3]) + [turned]) : Tensor.cat(pair, axis: 3)
      let whole = turned == size ? rotated : try Tensor.cat([rotated, x.slice(3, turned, size)], axis: 3)
      return [try whole.reshape(shape)]
    }
  }
}
