import ModelGraph
import Tensors

/// Tensors made from sizes and numbers.
extension KernelContext {
  func triangle(upper: Bool) throws -> KernelBody {
    try expectInputs(1...2)
    let op = upper ? ATenOperator.upperTriangle : ATenOperator.lowerTriangle
    return { call in
      let x = try call.tensor(0)
      let diagonal = call.optional(1) == nil ? 0 : try call.integer(1)
      return [try op.one(.tensor(x.carried()), .integer(diagonal)).to(x.type)]
    }
  }

  func eyeLike(elementType: ElementType?, diagonal: Int) throws -> KernelBody {
    try unary { x in
      guard x.rank == 2 else { throw ShapeMisfit("needs an input of two axes") }
      let rows = try Tensor.arange(0..<x.size(0), device: x.device).reshape([-1, 1])
      let columns = try Tensor.arange(0..<x.size(1), device: x.device)
      return try columns.sub(rows).eq(Double(diagonal)).to(elementType.map { ScalarType($0) } ?? x.type)
    }
  }

  func range() throws -> KernelBody {
    try expectInputs(3...3)
    return { call in
      let start = try call.tensor(0)
      let (count, step): (Int, Tensor)
      if start.type.isFloatingPoint {
        let numbers = try (0..<3).map { try call.tensor($0).reshape([]).item() }
        let exact = ((numbers[1] - numbers[0]) / numbers[2]).rounded(.up)
        guard exact.isFinite, exact < Double(Self.rangeLimit) else { throw failure("has no end") }
        count = Int(max(exact, 0))
        step = try Tensor.full(numbers[2], shape: [], type: .float64, device: start.device)
      } else {
        let numbers = try (0..<3).map { try call.integer($0) }
        let (distance, overflows) = numbers[1].subtractingReportingOverflow(numbers[0])
        guard numbers[2] != 0, !overflows, numbers[2] != Int.min else { throw failure("has no end") }
        let width = abs(numbers[2])
        let ahead = numbers[2] > 0 ? distance : distance == Int.min ? Int.max : -distance
        count = ahead > 0 ? (ahead - 1) / width + 1 : 0
        guard count < Self.rangeLimit else { throw failure("has \(count) elements") }
        step = try Tensor(int64s: [Int64(numbers[2])], shape: [], device: start.device)
      }
      let wide = step.type
      let places = try Tensor.arange(0..<count, type: wide, device: start.device)
      return [try places.mul(step).add(start.reshape([]).to(wide)).to(start.type)]
    }
  }

  func constantOfShape(value: TensorData?) throws -> KernelBody {
    try expectInputs(1...1)
    let value = value ?? TensorData(shape: [], floats: [0])
    guard value.elementCount == 1 else { throw failure("has a value of \(value.elementCount) elements") }
    return { call in
      let shape = try call.integers(0)
      try ShapeBounds.check(shape)
      let single = try Tensor(value, device: call.tensor(0).device).reshape([])
      return [try single.expand(shape).clone()]
    }
  }

  private static let rangeLimit = 1 << 40
}

extension ATenOperator {
  fileprivate static let upperTriangle = ATenOperator("aten::triu")
  fileprivate static let lowerTriangle = ATenOperator("aten::tril")
}
