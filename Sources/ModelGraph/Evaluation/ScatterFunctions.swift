/// Gathering from and scattering into places that other constants name.
enum ScatterFunctions {
  /// Positions along one axis, negative ones counted from its end.
  static func places(_ indices: TensorData, size: Int) throws -> [Int] {
    guard let values = indices.integerValues else { throw ShapeMisfit("needs integers as positions") }
    return try values.map { value in
      let place = value < 0 ? value + size : value
      guard place >= 0, place < size else { throw ShapeMisfit("takes position \(value) of an axis of \(size)") }
      return place
    }
  }

  /// For every element of the indices the place in `shape` that has the same position but on that axis.
  static func elementPlaces(_ indices: TensorData, shape: [Int], axis: Int) throws -> [Int] {
    let strides = TensorData.strides(of: shape)
    let along = try places(indices, size: shape[axis])
    return zip(TensorData.positions(of: indices.shape), along).map { position, place in
      position.indices.reduce(0) { $0 + ($1 == axis ? place : position[$1]) * strides[$1] }
    }
  }

  /// For every tuple of the last axis the first element of the slice that it names, and the elements of one slice.
  static func slices(_ indices: TensorData, shape: [Int], batchAxes: Int) throws -> (starts: [Int], width: Int) {
    guard let values = indices.integerValues else { throw ShapeMisfit("needs integers as positions") }
    let depth = indices.shape.last ?? 0
    let strides = TensorData.strides(of: shape)
    let tuples = indices.shape.dropLast().reduce(1, *)
    let perBatch = indices.shape[batchAxes...].dropLast().reduce(1, *)
    let batchWidth = shape[batchAxes...].reduce(1, *)
    let starts = try (0..<tuples).map { tuple in
      var start = perBatch == 0 ? 0 : tuple / perBatch * batchWidth
      for level in 0..<depth {
        let axis = batchAxes + level
        let value = values[tuple * depth + level]
        let place = value < 0 ? value + shape[axis] : value
        guard place >= 0, place < shape[axis] else {
          throw ShapeMisfit("takes position \(value) of an axis of \(shape[axis])")
        }
        start += place * strides[axis]
      }
      return start
    }
    return (starts, shape[(batchAxes + depth)...].reduce(1, *))
  }

  /// The data with updates written to places, one after the other.
  static func scattered(
    _ data: TensorData, _ updates: TensorData, at places: [Int], _ reduction: ScatterReduction
  ) throws -> TensorData? {
    func write<Value>(_ values: [Value], _ new: [Value], _ join: (Value, Value) -> Value) -> [Value] {
      var result = values
      for (place, value) in zip(places, new) { result[place] = join(result[place], value) }
      return result
    }
    func real<Value: BinaryFloatingPoint>(_ a: Value, _ b: Value) -> Value {
      switch reduction {
      case .none: b
      case .add: a + b
      case .mul: a * b
      case .max: RealFunctions.larger(a, b)
      case .min: RealFunctions.smaller(a, b)
      }
    }
    func integer<Value: FixedWidthInteger>(_ a: Value, _ b: Value) -> Value {
      switch reduction {
      case .none: b
      case .add: a &+ b
      case .mul: a &* b
      case .max: Swift.max(a, b)
      case .min: Swift.min(a, b)
      }
    }
    let numbers: Numbers
    switch (data.numbers, updates.numbers) {
    case (.floats(let old), .floats(let new)): numbers = .floats(write(old, new, real))
    case (.doubles(let old), .doubles(let new)): numbers = .doubles(write(old, new, real))
    case (.integers(let old), .integers(let new)): numbers = .integers(write(old, new, integer))
    case (.unsigned(let old), .unsigned(let new)): numbers = .unsigned(write(old, new, integer))
    case (.floats, _), (.doubles, _), (.integers, _), (.unsigned, _): return nil
    }
    return try TensorData(data.elementType, shape: data.shape, numbers: numbers)
  }
}
