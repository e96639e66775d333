/// Products of constants, as low-rank weights are made of: summed in double precision and rounded once.
extension NodeEvaluation {
  /// NumPy's matmul: batch axes are broadcast, a vector is one row or one column.
  func matrixProduct() throws -> [TensorData]? {
    guard let a = constant(0), let b = constant(1), a.floatValuesExist, b.floatValuesExist else { return nil }
    let left = a.shape.count == 1 ? [1] + a.shape : a.shape
    let right = b.shape.count == 1 ? b.shape + [1] : b.shape
    let (rows, inner, columns) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
    guard let batch = broadcastShape(left.dropLast(2), right.dropLast(2)) else { return nil }
    let x = try TensorData(a.elementType, shape: left, bytes: a.bytes).expanded(to: batch + [rows, inner])
    let y = try TensorData(b.elementType, shape: right, bytes: b.bytes).expanded(to: batch + [inner, columns])
    let (first, second) = (x.doubleValues, y.doubleValues)
    var result = [Double](repeating: 0, count: batch.reduce(1, *) * rows * columns)
    for place in 0..<batch.reduce(1, *) {
      Self.multiply(
        first[(place * rows * inner)..<((place + 1) * rows * inner)],
        second[(place * inner * columns)..<((place + 1) * inner * columns)],
        into: &result, at: place * rows * columns, sizes: (rows, inner, columns))
    }
    return [try TensorData(type, shape: shape, numbers: .doubles(result))]
  }

  func gemmProduct(_ gemm: Gemm) throws -> [TensorData]? {
    guard var a = constant(0), var b = constant(1), a.floatValuesExist, b.floatValuesExist else { return nil }
    if gemm.transposesA { a = try a.transposed([1, 0]) }
    if gemm.transposesB { b = try b.transposed([1, 0]) }
    var result = [Double](repeating: 0, count: shape.reduce(1, *))
    Self.multiply(
      a.doubleValues[...], b.doubleValues[...], into: &result, at: 0, sizes: (a.shape[0], a.shape[1], b.shape[1]))
    if gemm.alpha != 1 { result = result.map { $0 * gemm.alpha } }
    if let c = try constant(2)?.expanded(to: shape) {
      result = zip(result, c.doubleValues).map { $0 + gemm.beta * $1 }
    } else if inputs.isPresent(2) {
      return nil
    }
    return [try TensorData(type, shape: shape, numbers: .doubles(result))]
  }

  /// Goes through all places of all indices, those of the result outside.
  func einsum(_ equation: String) throws -> [TensorData]? {
    let operands = inputs.facts.compactMap { $0?.constant }
    guard operands.count == inputs.facts.count, operands.allSatisfy(\.floatValuesExist) else { return nil }
    let parsed = try EinsumEquation(equation, ranks: operands.map(\.shape.count))
    let sizes = try parsed.sizes(of: operands.map(\.shape))
    // In the order of the equation, so that the sums are the same each time.
    var order = parsed.output
    for index in parsed.operands.joined() where !order.contains(index) { order.append(index) }
    let extents = order.map { sizes[$0] ?? 1 }
    let steps = zip(parsed.operands, operands).map { indices, data in
      let strides = TensorData.strides(of: data.shape)
      return order.map { index in
        // An index that repeats takes the diagonal; an axis of 1 is broadcast.
        indices.indices.reduce(0) { $0 + (indices[$1] == index && data.shape[$1] > 1 ? strides[$1] : 0) }
      }
    }
    let values = operands.map(\.doubleValues)
    let inner = extents[parsed.output.count...].reduce(1, *)
    var result = [Double](repeating: 0, count: extents.reduce(1, *) / max(inner, 1))
    guard inner > 0, !result.isEmpty else { return [try TensorData(type, shape: shape, numbers: .doubles(result))] }
    var place = Array(repeating: 0, count: order.count)
    var offsets = Array(repeating: 0, count: operands.count)
    for position in result.indices {
      for _ in 0..<inner {
        var product = 1.0
        for operand in values.indices { product *= values[operand][offsets[operand]] }
        result[position] += product
        var axis = order.count - 1
        while axis >= 0 {
          place[axis] += 1
          let isInside = place[axis] < extents[axis]
          let back = isInside ? 0 : extents[axis]
          for operand in offsets.indices { offsets[operand] += steps[operand][axis] * (1 - back) }
          if isInside { break }
          place[axis] = 0
          axis -= 1
        }
      }
    }
    return [try TensorData(type, shape: shape, numbers: .doubles(result))]
  }

  /// Row by row, so that the innermost loop runs along both matrices.
  private static func multiply(
    _ a: ArraySlice<Double>, _ b: ArraySlice<Double>, into result: inout [Double], at offset: Int,
    sizes: (rows: Int, inner: Int, columns: Int)
  ) {
    let (rows, inner, columns) = sizes
    result.withUnsafeMutableBufferPointer { result in
      a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
          for row in 0..<rows {
            let start = offset + row * columns
            for place in 0..<inner {
              let factor = a[row * inner + place]
              for column in 0..<columns { result[start + column] += factor * b[place * columns + column] }
            }
          }
        }
      }
    }
  }
}

extension TensorData {
  /// Floats of a type that is computed with.
  var floatValuesExist: Bool { elementType.isFloatingPoint }
}

extension Operator {
  /// Multiplications of a product beyond one for each element of its result; 1 for all others.
  func effort(_ inputs: [ValueFact?]) -> Int {
    func shape(_ position: Int) -> [Int] { position < inputs.count ? inputs[position]?.shape ?? [] : [] }
    switch self {
    case .matrixProduct: return max(shape(0).last ?? 1, 1)
    case .gemm(let gemm): return max(shape(0).count == 2 ? shape(0)[gemm.transposesA ? 0 : 1] : 1, 1)
    case .einsum(let equation):
      let shapes = inputs.map { $0?.shape ?? [] }
      guard let parsed = try? EinsumEquation(equation, ranks: shapes.map(\.count)),
        let sizes = try? parsed.sizes(of: shapes)
      else { return 1 }
      // Each step costs more than one of the others.
      return Set(parsed.operands.joined()).subtracting(parsed.output).reduce(16) { product, index in
        let (next, overflow) = product.multipliedReportingOverflow(by: max(sizes[index] ?? 1, 1))
        return overflow ? Int.max : next
      }
    default: return 1
    }
  }
}
