import ModelGraph
import Tensors

/// Positions may be negative, counting from the end, in all of these.
extension KernelContext {
  func gather(axis: Int) throws -> KernelBody {
    try expectInputs(2...2)
    return { call in
      let (data, positions) = (try call.tensor(0), try call.tensor(1))
      let axis = try AxisRules.normalized(axis, rank: data.rank)
      let leading = [Tensor?](repeating: nil, count: axis)
      return [try ATenOperator.index.one(.tensor(data), .optionalTensors(leading + [positions.to(.int64)]))]
    }
  }

  func gatherElements(axis: Int) throws -> KernelBody {
    try expectInputs(2...2)
    return { call in
      let (data, positions) = (try call.tensor(0), try call.tensor(1))
      let axis = try AxisRules.normalized(axis, rank: data.rank)
      return [try data.carried().gather(axis, positions.countedFromZero(data.size(axis))).to(data.type)]
    }
  }

  func gatherND(batchAxes: Int) throws -> KernelBody {
    try expectInputs(2...2)
    return { call in
      let (data, positions) = (try call.tensor(0), try call.tensor(1))
      let rank = positions.rank
      guard batchAxes >= 0, batchAxes < rank, rank >= 1 else {
        throw ShapeMisfit("has \(batchAxes) batch axes for positions of \(rank) axes")
      }
      let batches = try (0..<batchAxes).map { axis in
        var shape = Array(repeating: 1, count: rank - 1)
        shape[axis] = data.size(axis)
        return try Tensor.arange(0..<data.size(axis), device: data.device).reshape(shape)
      }
      return [try ATenOperator.index.one(.tensor(data), .tensors(batches + positions.coordinates()))]
    }
  }

  func scatterElements(axis: Int, reduction: ScatterReduction) throws -> KernelBody {
    try expectInputs(3...3)
    return { call in
      let data = try call.tensor(0)
      let axis = try AxisRules.normalized(axis, rank: data.rank)
      let positions = try call.tensor(1).countedFromZero(data.size(axis))
      return [try data.scattering(call.tensor(2), at: positions, axis: axis, reduction)]
    }
  }

  func scatterND(reduction: ScatterReduction) throws -> KernelBody {
    try expectInputs(3...3)
    return { call in
      let (data, positions, updates) = (try call.tensor(0), try call.tensor(1), try call.tensor(2))
      let coordinates = try positions.coordinates()
      switch reduction {
      case .none, .add:
        let result = try ATenOperator.indexPut.one(
          .tensor(data.carried()), .tensors(coordinates), .tensor(updates.carried()), .flag(reduction == .add))
        return [try result.to(data.type)]
      case .mul, .max, .min:
        // Rows of the flattened data; every element of an update goes to the row that its coordinates name.
        let shape = data.shape
        guard coordinates.count <= shape.count else {
          throw ShapeMisfit("has \(coordinates.count) coordinates for \(shape.count) axes")
        }
        var rows = try Tensor.zeros([], type: .int64, device: data.device)
        for (axis, coordinate) in coordinates.enumerated() {
          rows = try rows.mul(Double(shape[axis])).add(coordinate.countedFromZero(shape[axis]))
        }
        let width = shape[coordinates.count...].reduce(1, *)
        let height = shape[..<coordinates.count].reduce(1, *)
        let count = rows.elementCount
        let result = try data.reshape([height, width]).scattering(
          updates.reshape([count, width]), at: rows.reshape([count, 1]).expand([count, width]), axis: 0, reduction)
        return [try result.reshape(shape)]
      }
    }
  }

  func compress(axis: Int?) throws -> KernelBody {
    try expectInputs(2...2)
    return { call in
      let given = try call.tensor(0)
      let data = axis == nil ? try given.reshape([-1]) : given
      let axis = try AxisRules.normalized(axis ?? 0, rank: data.rank)
      let kept = try ATenOperator.nonZero.one(.tensor(call.tensor(1))).reshape([-1])
      let leading = [Tensor?](repeating: nil, count: axis)
      return [try ATenOperator.index.one(.tensor(data), .optionalTensors(leading + [kept]))]
    }
  }

  /// `[rank, n]`; a single number has one axis here.
  func nonZero() throws -> KernelBody {
    try unary { x in
      let vector = x.rank == 0 ? try x.reshape([1]) : x
      return try ATenOperator.nonZero.one(.tensor(vector)).transpose()
    }
  }
}

extension Tensor {
  /// int64 positions without negative ones.
  func countedFromZero(_ size: Int) throws -> Tensor {
    let positions = try to(.int64)
    return try positions.add(positions.lt(0).to(.int64).mul(Double(size)))
  }

  /// The last axis taken apart: one tensor of positions for each axis of the data that it names.
  fileprivate func coordinates() throws -> [Tensor] {
    let count = size(-1)
    return try ATenOperator.unbind.call([.tensor(to(.int64)), -1], resultLimit: Swift.max(count, 1))
  }

  fileprivate func scattering(
    _ updates: Tensor, at positions: Tensor, axis: Int, _ reduction: ScatterReduction
  ) throws -> Tensor {
    let type = type
    let ranked = reduction == .max || reduction == .min
    let target = try ranked ? ordered() : carried()
    let source = try ranked ? updates.ordered() : updates.carried()
    let common: [ATenArgument] = [.tensor(target), .integer(axis), .tensor(positions), .tensor(source)]
    let results =
      switch reduction {
      case .none: try ATenOperator.scatter.call(common)
      case .add: try ATenOperator.scatterAdd.call(common)
      case .mul: try ATenOperator.scatterReduce.call(common + ["prod"])
      case .max: try ATenOperator.scatterReduce.call(common + ["amax"])
      case .min: try ATenOperator.scatterReduce.call(common + ["amin"])
      }
    guard let result = results.first else { throw ShapeMisfit("scatters nothing") }
    return try ranked ? result.unordered(as: type) : result.to(type)
  }
}

extension ATenOperator {
  fileprivate static let index = ATenOperator("aten::index", "Tensor")
  fileprivate static let indexPut = ATenOperator("aten::index_put")
  fileprivate static let unbind = ATenOperator("aten::unbind", "int")
  fileprivate static let scatter = ATenOperator("aten::scatter", "src")
  fileprivate static let scatterAdd = ATenOperator("aten::scatter_add")
  fileprivate static let scatterReduce = ATenOperator("aten::scatter_reduce", "two")
  fileprivate static let nonZero = ATenOperator("aten::nonzero")
}
