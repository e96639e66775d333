extension NodeInputs {
  func gemm(_ gemm: Gemm) throws -> [ValueFact] {
    guard let a = try shape(0, rank: 2...2), let b = try shape(1, rank: 2...2) else { return like(nil) }
    let (rows, inner) = gemm.transposesA ? (a[1], a[0]) : (a[0], a[1])
    let (depth, columns) = gemm.transposesB ? (b[1], b[0]) : (b[0], b[1])
    guard inner == depth else { throw ShapeMisfit("has matrices that do not go together") }
    if let c = shape(2), broadcastShape(c, [rows, columns]) != [rows, columns] {
      throw ShapeMisfit("has a sum that does not fit \([rows, columns])")
    }
    return like([rows, columns])
  }

  func matrixProduct(right: Int = 1, type: ElementType? = nil) throws -> [ValueFact] {
    let ranks = 1...ShapeBounds.rankLimit
    guard var a = try shape(0, rank: ranks), var b = try shape(right, rank: ranks) else { return like(nil, type: type) }
    let (isRow, isColumn) = (a.count == 1, b.count == 1)
    if isRow { a.insert(1, at: 0) }
    if isColumn { b.append(1) }
    guard a[a.count - 1] == b[b.count - 2], let batch = broadcastShape(a.dropLast(2), b.dropLast(2)) else {
      throw ShapeMisfit("has matrices that do not go together")
    }
    let rows = isRow ? [] : [a[a.count - 2]]
    let columns = isColumn ? [] : [b[b.count - 1]]
    return like(batch + rows + columns, type: type)
  }

  func einsum(_ equation: String) throws -> [ValueFact] {
    try expectSameType(facts.indices)
    let shapes = facts.compactMap { $0?.shape }
    guard shapes.count == facts.count else { return like(nil) }
    let parsed = try EinsumEquation(equation, ranks: shapes.map(\.count))
    let sizes = try parsed.sizes(of: shapes)
    return like(parsed.output.map { sizes[$0] ?? 1 })
  }

  func recurrent(_ attributes: Recurrent) throws -> [ValueFact] {
    let unknown = Array(repeating: ValueFact(type(0), shape: nil), count: attributes.cell == .lstm ? 3 : 2)
    guard let x = try shape(0, rank: 3...3), let w = try shape(1, rank: 3...3), let r = try shape(2, rank: 3...3) else {
      return unknown
    }
    let directions = attributes.direction.count
    let gates = attributes.cell.gates
    let size = r[2]
    guard w[2] == x[2], w[0] == directions, r[0] == directions, size <= ShapeBounds.axisLimit / 8,
      w[1] == gates * size, r[1] == gates * size, attributes.hiddenSize.map({ $0 == size }) ?? true
    else {
      throw ShapeMisfit("has weights that do not fit its input, \(gates) gates and \(directions) directions")
    }
    let (steps, batch) = attributes.batchFirst ? (x[1], x[0]) : (x[0], x[1])
    let state = attributes.batchFirst ? [batch, directions, size] : [directions, batch, size]
    try expect(3, [directions, 2 * gates * size], "a bias")
    try expect(4, [batch], "sequence lengths")
    try expect(5, state, "an initial state")
    try expect(6, state, "an initial cell")
    try expect(7, [directions, 3 * size], "peepholes")
    let y = attributes.batchFirst ? [batch, steps, directions, size] : [steps, directions, batch, size]
    return [y, state, state].prefix(unknown.count).map { ValueFact(type(0), shape: $0) }
  }
}
