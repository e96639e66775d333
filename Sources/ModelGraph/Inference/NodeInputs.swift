/// A node with what is known of its inputs: what the shape rules read.
struct NodeInputs {
  let node: Node
  let facts: [ValueFact?]

  /// The input at a position; nil where it is absent.
  subscript(position: Int) -> ValueFact? { position < facts.count ? facts[position] : nil }

  func isPresent(_ position: Int) -> Bool { self[position] != nil }

  /// Nil where the input is absent or its shape unknown.
  func shape(_ position: Int) -> [Int]? { self[position]?.shape }

  /// The shape, which must have so many axes; nil where the input is absent or its shape unknown.
  func shape(_ position: Int, rank: ClosedRange<Int>) throws -> [Int]? {
    guard let shape = shape(position) else { return nil }
    guard rank.contains(shape.count) else {
      let wanted = rank.lowerBound == rank.upperBound ? "\(rank.lowerBound)" : "\(rank.lowerBound) or more"
      throw ShapeMisfit("needs \(wanted) axes in its input \(position), not \(shape.count)")
    }
    return shape
  }

  func type(_ position: Int) -> ElementType { self[position]?.elementType ?? .float32 }

  /// The numbers of a constant input of integers; nil where it is absent or computed.
  func integers(_ position: Int) throws -> [Int]? {
    guard let constant = self[position]?.constant else { return nil }
    guard constant.shape.count <= 1, let values = constant.integerValues else {
      throw ShapeMisfit("needs a list of integers as its input \(position)")
    }
    return values
  }

  /// The one number of a constant input; nil where it is absent or computed.
  func integer(_ position: Int) throws -> Int? {
    guard let values = try integers(position) else { return nil }
    guard values.count == 1 else { throw ShapeMisfit("needs one number as its input \(position)") }
    return values[0]
  }

  /// A constant input that may be absent: `.known(nil)` where it is, `.computed` where it follows from data.
  func optionalIntegers(_ position: Int) throws -> OptionalNumbers {
    guard let fact = self[position] else { return .known(nil) }
    if fact.shape == [0] { return .known([]) }
    return try integers(position).map { .known($0) } ?? .computed
  }

  enum OptionalNumbers {
    case known([Int]?)
    case computed
  }

  /// Throws where an input that is there has a known shape other than the one needed.
  func expect(_ position: Int, _ shape: [Int], _ what: String) throws {
    if let found = self.shape(position), found != shape {
      throw ShapeMisfit("needs \(what) of shape \(shape) as its input \(position)")
    }
  }

  /// One result of the first input's type.
  func like(_ shape: [Int]?, type: ElementType? = nil) -> [ValueFact] {
    [ValueFact(type ?? self.type(0), shape: shape)]
  }

  /// All inputs broadcast together; nil where one is unknown.
  func broadcast(_ positions: Range<Int>) throws -> [Int]? {
    var result: [Int] = []
    for position in positions {
      guard let shape = shape(position) else { return nil }
      guard let wider = broadcastShape(result, shape) else { throw ShapeMisfit("cannot broadcast its inputs") }
      result = wider
    }
    return result
  }

  /// Throws where two of the inputs have different element types.
  func expectSameType(_ positions: Range<Int>) throws {
    let types = positions.compactMap { self[$0]?.elementType }
    guard let first = types.first, let other = types.first(where: { $0 != first }) else { return }
    throw ShapeMisfit("joins elements of the types \(first.rawValue) and \(other.rawValue)")
  }
}
