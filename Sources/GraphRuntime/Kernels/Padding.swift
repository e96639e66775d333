import ModelGraph
import Tensors

extension KernelContext {
  func pad(_ mode: PadMode) throws -> KernelBody {
    try expectInputs(2...4)
    let value = has(2) ? number(2) : 0
    return { call in
      let x = try call.tensor(0)
      let shape = x.shape
      let (before, after) = try ShapeTargets.pad(
        rank: shape.count, amounts: call.integers(1), axes: call.optionalIntegers(3))
      _ = try ShapeTargets.padded(shape, before: before, after: after)
      switch mode {
      case .constant:
        if let value, x.type.isFloatingPoint || value.magnitude < 0x1p53 {
          return [try x.pad(before: before, after: after, value: value)]
        }
        // As the libtorch scalar of its own type: a float64 does not hold every integer.
        let number: ATenArgument =
          x.type.isFloatingPoint ? .decimal(try call.tensor(2).item()) : .integer(try call.integer(2))
        let amounts = shape.indices.reversed().flatMap { [before[$0], after[$0]] }
        return [try ATenOperator.constantPad.one(.tensor(x), .integers(amounts), number)]
      case .reflect, .edge, .wrap: return [try x.extended(mode, before: before, after: after)]
      }
    }
  }
}

extension Tensor {
  /// A border of the tensor's own elements, taken by their positions on each axis.
  fileprivate func extended(_ mode: PadMode, before: [Int], after: [Int]) throws -> Tensor {
    var result = try carried()
    for (axis, size) in shape.enumerated() where before[axis] != 0 || after[axis] != 0 {
      guard size > 0 else { throw ShapeMisfit("continues axis \(axis), which is empty") }
      let positions = (-before[axis]..<(size + after[axis])).map { Int64(mode.source(of: $0, size: size)) }
      result = try result.indexSelect(axis, Tensor(int64s: positions, shape: [positions.count], device: device))
    }
    return try result.to(type)
  }
}

extension PadMode {
  /// Where the element at a position inside or outside an axis comes from.
  fileprivate func source(of position: Int, size: Int) -> Int {
    switch self {
    case .constant, .edge: return Swift.min(Swift.max(position, 0), size - 1)
    case .wrap: return (position % size + size) % size
    case .reflect:
      guard size > 1 else { return 0 }
      // There and back again, without the ends twice.
      let period = 2 * (size - 1)
      let offset = (position % period + period) % period
      return Swift.min(offset, period - offset)
    }
  }
}

extension ATenOperator {
  fileprivate static let constantPad = ATenOperator("aten::constant_pad_nd")
}
