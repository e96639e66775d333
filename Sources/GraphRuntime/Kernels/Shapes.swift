import ModelGraph
import Tensors

extension KernelContext {
  func reshape(allowsZero: Bool) throws -> KernelBody {
    try expectInputs(2...2)
    return { call in
      let x = try call.tensor(0)
      let shape = x.shape
      guard let target = try ShapeTargets.reshape(shape, to: call.integers(1), allowsZero: allowsZero) else {
        throw ShapeMisfit("cannot reshape its input")
      }
      return [try x.reshape(target)]
    }
  }

  func flatten(axis: Int) throws -> KernelBody {
    try unary { try $0.flatten(axis) }
  }

  func transpose(_ permutation: [Int]) throws -> KernelBody {
    try unary { try $0.permute(AxisRules.permutation(permutation, rank: $0.rank)) }
  }

  func squeeze() throws -> KernelBody {
    try expectInputs(1...2)
    return { call in
      let x = try call.tensor(0)
      let shape = x.shape
      let axes = try AxisRules.squeezed(shape, axes: call.optionalIntegers(1))
      return [try x.reshape(AxisRules.removing(axes, from: shape, keeping: false))]
    }
  }

  func unsqueeze() throws -> KernelBody {
    try expectInputs(2...2)
    return { call in
      let x = try call.tensor(0)
      return [try x.reshape(AxisRules.unsqueezed(x.shape, axes: call.integers(1)))]
    }
  }

  func expand() throws -> KernelBody {
    try expectInputs(2...2)
    return { call in
      let x = try call.tensor(0)
      let wanted = try call.integers(1)
      guard let shape = broadcastShape(x.shape, wanted) else {
        throw ShapeMisfit("cannot expand its input to \(wanted)")
      }
      return [try x.expand(shape)]
    }
  }

  func tile() throws -> KernelBody {
    try expectInputs(2...2)
    return { call in [try ATenOperator.tile.one(.tensor(call.tensor(0)), .integers(call.integers(1)))] }
  }

  func concat(axis: Int) throws -> KernelBody {
    try expectInputs(1...Int.max)
    guard !node.inputs.contains("") else { throw failure("has an absent input") }
    return { call in [try Tensor.cat(call.arguments.compactMap { $0 }, axis: axis)] }
  }

  func split(axis: Int) throws -> KernelBody {
    try expectInputs(1...2)
    let count = node.outputs.count
    return { call in
      let x = try call.tensor(0)
      let axis = try AxisRules.normalized(axis, rank: x.rank)
      let sizes = try ShapeTargets.split(x.size(axis), sizes: call.optionalIntegers(1), parts: count)
      return try ATenOperator.split.call([.tensor(x), .integers(sizes), .integer(axis)], resultLimit: count)
    }
  }

  func slice() throws -> KernelBody {
    try expectInputs(3...5)
    return { call in
      let x = try call.tensor(0)
      let positions = try SlicePositions(
        shape: x.shape, starts: call.integers(1), ends: call.integers(2), axes: call.optionalIntegers(3),
        steps: call.optionalIntegers(4))
      return [try x.taking(positions)]
    }
  }

  func depthToSpace(blockSize: Int, mode: DepthOrder) throws -> KernelBody {
    guard blockSize > 0 else { throw failure("has the block size \(blockSize)") }
    return try unary { x in
      let shape = x.shape
      guard shape.count == 4, shape[1] % (blockSize * blockSize) == 0 else {
        throw ShapeMisfit("needs an input of four axes whose channels \(blockSize * blockSize) divides")
      }
      let depth = shape[1] / (blockSize * blockSize)
      let blocks = [blockSize, blockSize]
      let whole = [shape[0], depth, shape[2] * blockSize, shape[3] * blockSize]
      return switch mode {
      case .depthFirst:
        try x.reshape([shape[0]] + blocks + [depth, shape[2], shape[3]]).permute([0, 3, 4, 1, 5, 2]).reshape(whole)
      case .columnFirst:
        try x.reshape([shape[0], depth] + blocks + [shape[2], shape[3]]).permute([0, 1, 4, 2, 5, 3]).reshape(whole)
      }
    }
  }

  func spaceToDepth(blockSize: Int, mode: DepthOrder) throws -> KernelBody {
    guard blockSize > 0 else { throw failure("has the block size \(blockSize)") }
    return try unary { x in
      let shape = x.shape
      guard shape.count == 4, shape[2] % blockSize == 0, shape[3] % blockSize == 0 else {
        throw ShapeMisfit("needs an input of four axes whose height and width \(blockSize) divides")
      }
      let (height, width) = (shape[2] / blockSize, shape[3] / blockSize)
      let cut = try x.reshape([shape[0], shape[1], height, blockSize, width, blockSize])
      let order = mode == .depthFirst ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]
      return try cut.permute(order).reshape([shape[0], shape[1] * blockSize * blockSize, height, width])
    }
  }

  func shape(start: Int, end: Int?) throws -> KernelBody {
    try unary { x in
      let shape = x.shape
      func limited(_ position: Int) -> Int {
        min(max(position < 0 ? position + shape.count : position, 0), shape.count)
      }
      let (from, to) = (limited(start), limited(end ?? shape.count))
      let sizes = from < to ? shape[from..<to].map(Int64.init) : []
      return try Tensor(int64s: sizes, shape: [sizes.count], device: x.device)
    }
  }

  func size() throws -> KernelBody {
    try unary { try Tensor(int64s: [Int64($0.elementCount)], shape: [], device: $0.device) }
  }
}

extension Tensor {
  /// The positions of each axis; a run backwards is taken forwards and turned round.
  fileprivate func taking(_ positions: SlicePositions) throws -> Tensor {
    var result = self
    var turned: [Int] = []
    for (axis, run) in positions.runs.enumerated() {
      if run.step == 1, run.start == 0, run.count == size(axis) { continue }
      if run.count == 0 {
        result = try result.slice(axis, 0..<0)
      } else if run.step > 0 {
        result = try result.slice(axis, run.start, run.start + (run.count - 1) * run.step + 1, step: run.step)
      } else {
        let first = run.start + (run.count - 1) * run.step
        result = try result.slice(axis, first, run.start + 1, step: -run.step)
        turned.append(axis)
      }
    }
    guard !turned.isEmpty else { return result }
    return try result.carried().flip(turned).to(type)
  }
}

extension ATenOperator {
  fileprivate static let tile = ATenOperator("aten::repeat")
  fileprivate static let split = ATenOperator("aten::split_with_sizes")
}
