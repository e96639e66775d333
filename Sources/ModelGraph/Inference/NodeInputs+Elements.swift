extension NodeInputs {
  func elementwise(_ operation: Elementwise) throws -> [ValueFact] {
    let type: ElementType = operation.isPredicate ? .bool : self.type(0)
    switch operation {
    case .power: break
    case .add, .subtract, .multiply, .divide, .modulo, .parametricRelu, .gatedSwish, .equal, .less, .lessOrEqual,
      .greater, .greaterOrEqual, .and, .or, .exclusiveOr, .bitwiseAnd, .bitwiseOr, .bitwiseExclusiveOr, .shift:
      try expectSameType(0..<2)
    }
    let shape = try broadcast(0..<2)
    if operation == .parametricRelu, let shape, shape != self.shape(0) {
      throw ShapeMisfit("has a slope that does not fit its input")
    }
    if case .gatedSwish = operation, shape != nil, self.shape(0) != self.shape(1) {
      throw ShapeMisfit("needs two inputs of one shape")
    }
    return like(shape, type: type)
  }

  func aggregate() throws -> [ValueFact] {
    try expectSameType(facts.indices)
    guard facts.allSatisfy({ $0 != nil }) else { throw ShapeMisfit("has an absent input") }
    return like(try broadcast(facts.indices))
  }

  func select() throws -> [ValueFact] {
    try expectSameType(1..<3)
    return like(try broadcast(0..<3), type: type(1))
  }

  func target(of cast: Cast) throws -> ElementType {
    guard let type = cast.to else { throw ShapeMisfit("names no type") }
    return type
  }

  func bitCast(to type: ElementType) throws -> [ValueFact] {
    guard type.byteCount == self.type(0).byteCount else {
      throw ShapeMisfit("reads elements of \(self.type(0).rawValue) as \(type.rawValue), which has another size")
    }
    return like(shape(0), type: type)
  }
}
