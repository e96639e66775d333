import ModelGraph
import Tensors

private let stableSort = ATenOperator("aten::sort", "stable")
private let uniqueSlices = ATenOperator("aten::unique_dim")
private let scatterReduce = ATenOperator("aten::scatter_reduce", "two")

extension KernelContext {
  /// The best elements along an axis; of equal ones the first come first.
  func topK(_ attributes: TopK) throws -> KernelBody {
    try expectInputs(2...2)
    return { call in
      let x = try call.tensor(0)
      let axis = try position(attributes.axis, in: x)
      let count = try call.integer(1)
      guard (0...x.shape[axis]).contains(count) else {
        throw failure("takes \(count) of \(x.shape[axis]) elements")
      }
      let sorted = try stableSort(
        .tensor(x.sortable().detach()), .flag(true), .integer(axis), .flag(attributes.largest))
      let indices = try sorted[1].slice(axis, 0, count)
      return [try x.moved { try $0.gather(axis, indices) }, indices]
    }
  }

  /// Where the largest or smallest element of an axis is.
  func argExtreme(_ attributes: ArgExtreme) throws -> KernelBody {
    try expectInputs(1...1)
    return { call in
      let x = try call.tensor(0)
      let axis = try position(attributes.axis, in: x)
      let result = try extremes(
        x.sortable().detach(), axis: axis, largest: attributes.isMaximum, last: attributes.selectsLast)
      return [attributes.keepsAxes ? try result.inserting(axis: axis) : result]
    }
  }

  /// One where the first maximum along the axis is, zero elsewhere.
  func hardmax(axis: Int) throws -> KernelBody {
    try unary { x in
      let axis = try position(axis, in: x)
      let first = try extremes(x.detach(), axis: axis, largest: true, last: false)
      let places = try Tensor.arange(0..<x.shape[axis], device: x.device).alongAxis(axis, rank: x.rank)
      return try places.eq(first.inserting(axis: axis)).to(x.type)
    }
  }

  /// The different elements, or slices along an axis, with where each was first, where each element went, and counts.
  func unique(axis: Int?, sorted: Bool) throws -> KernelBody {
    try expectInputs(1...1)
    return { call in
      let given = try call.tensor(0)
      let x = axis == nil ? try given.reshape([-1]) : given
      let axis = try axis.map { try position($0, in: x) } ?? 0
      if x.elementCount == 0 {
        let none = try Tensor.zeros([0], type: .int64, device: x.device)
        return [x, none, none, none]
      }
      let found = try uniqueSlices(
        .tensor(x.sortable().detach()), .integer(axis), .flag(true), .flag(true), .flag(true))
      var (inverse, counts) = (found[1], found[2])
      let device = x.device
      // Where each was first: the smallest position that leads to it.
      let none = try Tensor.zeros([counts.elementCount], type: .int64, device: device)
      let positions = try Tensor.arange(0..<inverse.elementCount, device: device)
      var first = try scatterReduce.one(
        .tensor(none), .integer(0), .tensor(inverse), .tensor(positions), .text("amin"), .flag(false))
      if !sorted {
        let order = try first.sorted().indices
        first = try first.indexSelect(0, order)
        counts = try counts.indexSelect(0, order)
        inverse = try order.sorted().indices.indexSelect(0, inverse)
      }
      return [try x.moved { try $0.indexSelect(axis, first) }, first, inverse, counts]
    }
  }

  private func extremes(_ x: Tensor, axis: Int, largest: Bool, last: Bool) throws -> Tensor {
    let line = last ? try x.flip([axis]) : x
    let found = largest ? try line.argmax(axis) : try line.argmin(axis)
    if !last { return found }
    return try Tensor(int64s: [Int64(x.shape[axis] - 1)], shape: [], device: x.device) - found
  }

  /// The axis counted from the first; throws where the input has no such axis.
  func position(_ axis: Int, in x: Tensor) throws -> Int {
    guard let position = Tensor.position(ofAxis: axis, rank: x.rank), position < x.rank else {
      throw failure("works along axis \(axis) of an input of shape \(x.shape)")
    }
    return position
  }
}
