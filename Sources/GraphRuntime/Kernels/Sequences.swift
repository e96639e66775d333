import ModelGraph
import Tensors

private let cumulativeSum = ATenOperator("aten::cumsum")
private let cumulativeProduct = ATenOperator("aten::cumprod")

extension KernelContext {
  func cumulative(_ attributes: Cumulative) throws -> KernelBody {
    try expectInputs(2...2)
    return { call in
      let given = try call.tensor(0)
      let axis = try position(call.integer(1), in: given)
      // Whole numbers add up in 64 bits, which wrap as narrower ones do.
      let type = given.type.isFloatingPoint ? given.type : .int64
      var x = try given.to(type)
      if attributes.isReversed { x = try x.flip([axis]) }
      if attributes.isExclusive, x.shape[axis] > 0 {
        var before = [Int](repeating: 0, count: x.rank)
        before[axis] = 1
        let after = before.map { -$0 }
        x = try x.pad(before: before, after: after, value: attributes.isProduct ? 1 : 0)
      }
      let scan = attributes.isProduct ? cumulativeProduct : cumulativeSum
      var result = try scan.one(.tensor(x), .integer(axis), .type(type))
      if attributes.isReversed { result = try result.flip([axis]) }
      return [try result.to(given.type)]
    }
  }

  /// Turns round the first elements of each sequence, as many as it is long.
  func reverseSequence(batchAxis: Int, timeAxis: Int) throws -> KernelBody {
    try expectInputs(2...2)
    guard Set([batchAxis, timeAxis]) == [0, 1] else {
      throw failure("has the batch axis \(batchAxis) and the time axis \(timeAxis); they must be 0 and 1")
    }
    return { call in
      let x = try call.tensor(0)
      guard x.rank >= 2 else { throw failure("has an input of shape \(x.shape)") }
      let (batch, steps) = (x.shape[batchAxis], x.shape[timeAxis])
      let lengths = try call.tensor(1).to(.int64).reshape([batch, 1])
      let places = try Tensor.arange(0..<steps, device: x.device).reshape([1, steps])
      let one = try Tensor(int64s: [1], shape: [], device: x.device)
      let turned = try places.lt(lengths).select(lengths - one - places, else: places)
      let index = batchAxis == 0 ? turned : try turned.transpose(0, 1)
      let ones = [Int](repeating: 1, count: x.rank - 2)
      let wide = try index.reshape(index.shape + ones).expand(x.shape)
      return [try x.moved { try $0.gather(timeAxis, wide) }]
    }
  }

  /// Cuts or fills up axes around their middle; what is odd goes to the end.
  func centerCropPad(axes: [Int]?) throws -> KernelBody {
    try expectInputs(2...2)
    return { call in
      let x = try call.tensor(0)
      let sizes = try call.integers(1)
      let named = try axes?.map { try position($0, in: x) } ?? Array(0..<x.rank)
      guard named.count == sizes.count, sizes.allSatisfy({ $0 >= 0 }) else {
        throw failure("has the sizes \(sizes) for \(named.count) axes")
      }
      var before = [Int](repeating: 0, count: x.rank)
      var after = before
      for (axis, size) in zip(named, sizes) {
        let change = size - x.shape[axis]
        before[axis] = change / 2
        after[axis] = change - change / 2
      }
      return [try x.moved { try $0.pad(before: before, after: after) }]
    }
  }

  /// Writes an update into a cache, from each sample's own place on.
  func tensorScatter(axis: Int, mode: TensorScatterMode) throws -> KernelBody {
    try expectInputs(2...3)
    return { call in
      let (cache, update) = (try call.tensor(0), try call.tensor(1))
      let axis = try position(axis, in: cache)
      let device = cache.device
      guard axis > 0, update.rank == cache.rank else {
        throw failure("writes an update of shape \(update.shape) along axis \(axis) of a cache of shape \(cache.shape)")
      }
      let (batch, steps) = (cache.shape[0], update.shape[axis])
      var places = try Tensor.arange(0..<steps, device: device).reshape([1, steps]).expand([batch, steps])
      if let starts = call.optional(2) { places = try places + starts.to(.int64).reshape([batch, 1]) }
      if mode == .circular {
        let size = try Tensor(int64s: [Int64(max(cache.shape[axis], 1))], shape: [], device: device)
        places = try Self.remainder.one(.tensor(places), .tensor(size))
      }
      var shape = [Int](repeating: 1, count: cache.rank)
      (shape[0], shape[axis]) = (batch, steps)
      let index = try places.reshape(shape).expand(update.shape)
      return [try cache.moved(with: update) { try $0.scattering(axis, index, $1) }]
    }
  }

  private static let remainder = ATenOperator("aten::remainder", "Tensor")

  /// A new axis with one value at each index and another elsewhere; inputs: indices, depth, (off, on).
  func oneHot(axis: Int) throws -> KernelBody {
    try expectInputs(3...3)
    return { call in
      let indices = try call.tensor(0).to(.int64)
      let values = try call.tensor(2)
      let depth = try Int(call.tensor(1).int64s.first ?? -1)
      let rank = indices.rank + 1
      guard let axis = Tensor.position(ofAxis: axis, rank: rank), depth >= 0, values.elementCount == 2 else {
        throw failure("has the depth \(depth) and \(values.elementCount) values for axis \(axis) of \(rank)")
      }
      let size = try Tensor(int64s: [Int64(depth)], shape: [], device: indices.device)
      let counted = try indices.lt(0).select(indices + size, else: indices)
      let places = try Tensor.arange(0..<depth, device: indices.device).alongAxis(axis, rank: rank)
      let isHot = try places.eq(counted.inserting(axis: axis))
      return [
        try values.moved { values in
          try isHot.select(values.slice(0, 1, 2).reshape([]), else: values.slice(0, 0, 1).reshape([]))
        }
      ]
    }
  }

  /// The same bytes as another type of that width.
  func bitCast(to type: ElementType) throws -> KernelBody {
    try unary { x in
      guard x.type.byteCount == type.byteCount else {
        throw failure("reads \(x.type.rawValue) elements as \(type.rawValue), which has another width")
      }
      return try x.viewed(as: ScalarType(type))
    }
  }
}
