extension NodeInputs {
  /// Heads, positions and size of one head in a value of 3 axes `[B, T, heads x d]` or 4 axes `[B, heads, T, d]`.
  private struct Heads {
    var batch: Int
    var heads: Int
    var positions: Int
    var size: Int

    init(_ shape: [Int], heads named: Int?) throws {
      if shape.count == 4 {
        (batch, heads, positions, size) = (shape[0], shape[1], shape[2], shape[3])
        return
      }
      guard let named, named > 0, shape[2] % named == 0 else {
        throw ShapeMisfit("needs a number of heads that divides \(shape[2])")
      }
      (batch, heads, positions, size) = (shape[0], named, shape[1], shape[2] / named)
    }
  }

  func attention(_ attributes: Attention) throws -> [ValueFact] {
    let types = [type(0), type(1), type(2), type(0)]
    guard let q = try shape(0, rank: 3...4), let k = try shape(1, rank: q.count...q.count),
      let v = try shape(2, rank: q.count...q.count)
    else { return types.map { ValueFact($0, shape: nil) } }
    let query = try Heads(q, heads: attributes.queryHeads)
    let key = try Heads(k, heads: attributes.keyValueHeads ?? attributes.queryHeads)
    let value = try Heads(v, heads: attributes.keyValueHeads ?? attributes.queryHeads)
    guard query.batch == key.batch, key.batch == value.batch, key.heads == value.heads, key.heads > 0,
      query.heads % key.heads == 0, key.positions == value.positions, query.size == key.size
    else { throw ShapeMisfit("has queries, keys and values that do not go together") }
    var past = 0
    if let cache = try shape(4, rank: 4...4) {
      past = cache[2]
      try expect(4, [key.batch, key.heads, past, key.size], "past keys")
      try expect(5, [key.batch, key.heads, past, value.size], "past values")
    } else if isPresent(4) {
      return types.map { ValueFact($0, shape: nil) }
    }
    let total = past + key.positions
    let products = [query.batch, query.heads, query.positions, total]
    if let mask = try shape(3, rank: 0...4), let last = mask.last {
      // A mask may end early; what it does not say is masked.
      let wide = mask.dropLast() + [last == 1 ? 1 : max(last, total)]
      guard last <= total, broadcastShape(Array(wide), products) == products else {
        throw ShapeMisfit("has a mask that does not fit \(products)")
      }
    }
    try expect(6, [query.batch], "numbers of valid keys")
    let y =
      q.count == 4
      ? [query.batch, query.heads, query.positions, value.size]
      : [query.batch, query.positions, try ShapeBounds.product(query.heads, value.size)]
    let shapes = [
      y, [key.batch, key.heads, total, key.size], [key.batch, key.heads, total, value.size], products,
    ]
    return zip(types, shapes).map { ValueFact($0, shape: $1) }
  }

  func linearAttention(_ attributes: LinearAttention) throws -> [ValueFact] {
    let stateType = isPresent(3) ? type(3) : type(0)
    guard let q = try shape(0, rank: 3...3), let k = try shape(1, rank: 3...3), let v = try shape(2, rank: 3...3) else {
      return like(nil) + like(nil, type: stateType)
    }
    let query = try Heads(q, heads: attributes.queryHeads)
    let key = try Heads(k, heads: attributes.keyValueHeads)
    let value = try Heads(v, heads: attributes.keyValueHeads)
    guard query.size == key.size, q[0] == k[0], k[0] == v[0], q[1] == k[1], k[1] == v[1],
      query.heads % key.heads == 0
    else { throw ShapeMisfit("has queries, keys and values that do not go together") }
    let state = [k[0], key.heads, key.size, value.size]
    try expect(3, state, "a past state")
    if let decay = try shape(4, rank: 3...3) {
      guard decay[..<2] == k[..<2], decay[2] == key.heads || decay[2] == k[2] else {
        throw ShapeMisfit("has a decay that fits neither its keys nor its heads")
      }
    }
    if let beta = try shape(5, rank: 3...3) {
      guard beta[..<2] == k[..<2], beta[2] == key.heads || beta[2] == 1 else {
        throw ShapeMisfit("has a rate that does not fit its heads")
      }
    }
    return like([q[0], q[1], try ShapeBounds.product(query.heads, value.size)]) + like(state, type: stateType)
  }

  func rotaryEmbedding(_ attributes: RotaryEmbedding) throws -> [ValueFact] {
    guard let x = try shape(0, rank: 3...4) else { return like(nil) }
    let heads = try Heads(x, heads: attributes.heads)
    let rotated = attributes.rotatedSize == 0 ? heads.size : attributes.rotatedSize
    guard rotated >= 0, rotated <= heads.size, rotated % 2 == 0 else {
      throw ShapeMisfit("turns \(rotated) of \(heads.size) elements of a head")
    }
    for position in 1...2 {
      guard let table = try shape(position, rank: isPresent(3) ? 2...2 : 3...3) else { continue }
      guard table.last == rotated / 2, isPresent(3) || table[..<2] == [heads.batch, heads.positions] else {
        throw ShapeMisfit("has cosines or sines that do not fit \(heads.positions) positions of \(rotated) elements")
      }
    }
    try expect(3, [heads.batch, heads.positions], "position ids")
    return like(x)
  }
}
