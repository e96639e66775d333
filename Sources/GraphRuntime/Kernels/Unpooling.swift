import ModelGraph
import Tensors

private let fold = ATenOperator("aten::col2im")
private let indexAdd = ATenOperator("aten::index_add")

extension KernelContext {
  /// Puts each value where its maximum came from, zeros elsewhere.
  func maxUnpool(_ pooling: Pooling) throws -> KernelBody {
    try expectInputs(2...3)
    try expectModest(pooling.kernel + pooling.strides + pooling.padding.before + pooling.padding.after)
    return { call in
      let (x, indices) = (try call.tensor(0), try call.tensor(1))
      let axes = x.rank - 2
      guard pooling.kernel.count == axes, indices.shape == x.shape else {
        throw failure("has a kernel \(pooling.kernel) for values \(x.shape) with indices \(indices.shape)")
      }
      // The indices count in the shape that was pooled, of which the wanted one is an enlargement.
      let pooled = (0..<axes).map { axis in
        let padding = (pooling.padding.before.at(axis) ?? 0) + (pooling.padding.after.at(axis) ?? 0)
        return (x.shape[axis + 2] - 1) * (pooling.strides.at(axis) ?? 1) - padding + pooling.kernel[axis]
      }
      let shape = Array(x.shape[..<2]) + pooled
      guard let count = TensorData.checkedElementCount(of: shape) else {
        throw failure("undoes windows to the shape \(shape)")
      }
      let flat = try Tensor.zeros([count], type: x.type, device: x.device)
      let values = try flat.scattering(0, indices.to(.int64).reshape([-1]), x.reshape([-1])).reshape(shape)
      guard call.optional(2) != nil else { return [values] }
      let wanted = try call.integers(2)
      try expectModest(wanted)
      guard wanted.count == shape.count else { throw failure("has the output shape \(wanted) for values \(shape)") }
      return [
        try values.pad(
          before: [Int](repeating: 0, count: shape.count), after: zip(wanted, shape).map { $0 - $1 })
      ]
    }
  }

  /// The sum of overlapping blocks: columns `[N, C x block, L]` to `[N, C, image...]`.
  func columnsToImage(_ attributes: ColumnsToImage) throws -> KernelBody {
    try expectInputs(3...3)
    try expectModest(
      attributes.strides + attributes.dilations + attributes.padding.before + attributes.padding.after)
    return { call in
      let columns = try call.tensor(0)
      let (image, block) = (try call.integers(1), try call.integers(2))
      try expectModest(image + block)
      let axes = image.count
      let ones = [Int](repeating: 1, count: axes)
      let strides = attributes.strides.isEmpty ? ones : attributes.strides
      let dilations = attributes.dilations.isEmpty ? ones : attributes.dilations
      let zeros = [Int](repeating: 0, count: axes)
      let before = attributes.padding.before.isEmpty ? zeros : attributes.padding.before
      let after = attributes.padding.after.isEmpty ? zeros : attributes.padding.after
      let points = TensorData.checkedElementCount(of: block) ?? 0
      let lists: [[Int]] = [block, strides, dilations, before, after]
      let isWhole = lists.allSatisfy { $0.count == axes } && !strides.contains { $0 <= 0 }
      guard columns.rank == 3, isWhole, points > 0, columns.shape[1] % points == 0 else {
        throw failure("has columns \(columns.shape) for an image \(image) of blocks \(block)")
      }
      if axes == 2, before == after, columns.type.isFloatingPoint {
        return [
          try fold.one(
            .tensor(columns), .integers(image), .integers(block), .integers(dilations), .integers(before),
            .integers(strides))
        ]
      }

      let padded: [Int] = (0..<axes).map { image[$0] + before[$0] + after[$0] }
      let counts: [Int] = (0..<axes).map { axis in
        let span = dilations[axis] * (block[axis] - 1) + 1
        return (padded[axis] - span) / strides[axis] + 1
      }
      guard !counts.contains(where: { $0 <= 0 }), TensorData.checkedElementCount(of: counts) == columns.shape[2],
        let total = TensorData.checkedElementCount(of: padded)
      else {
        throw failure("has \(columns.shape[2]) columns where the image \(image) has \(counts) blocks")
      }
      // Where each point of each block lies in the padded image, laid out flat.
      var places = [0]
      for (extents, steps) in [(block, dilations), (counts, strides)] {
        places = places.flatMap { base in
          Self.grid(extents, steps: steps, within: padded).map { base + $0 }
        }
      }
      let channels = columns.shape[1] / points
      let target = try Tensor.zeros(
        [columns.shape[0], channels, total], type: columns.type, device: columns.device)
      let index = try Tensor(int64s: places.map(Int64.init), shape: [places.count], device: columns.device)
      let sums = try indexAdd.one(
        .tensor(target), .integer(2), .tensor(index),
        .tensor(columns.reshape([columns.shape[0], channels, places.count])))
      let whole = try sums.reshape([columns.shape[0], channels] + padded)
      let cut = (before: before.map { -$0 }, after: after.map { -$0 })
      return [try whole.pad(before: [0, 0] + cut.before, after: [0, 0] + cut.after)]
    }
  }

  /// Throws for sizes that no arithmetic on windows should meet.
  private func expectModest(_ sizes: [Int]) throws {
    guard let odd = sizes.first(where: { $0.magnitude > 1 << 30 }) else { return }
    throw failure("has the size \(odd)")
  }

  /// The flat positions of a grid of steps, row by row, in an array of that shape.
  private static func grid(_ extents: [Int], steps: [Int], within shape: [Int]) -> [Int] {
    var result = [0]
    for axis in extents.indices {
      result = result.flatMap { base in (0..<extents[axis]).map { base * shape[axis] + $0 * steps[axis] } }
    }
    return result
  }
}
