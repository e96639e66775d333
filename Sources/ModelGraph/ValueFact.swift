/// What is known of a value before the network runs, for one binding of its symbolic axes.
package struct ValueFact: Sendable, Hashable {
  package var elementType: ElementType
  /// Nil where it depends on the data (the result of NonZero, say).
  package var shape: [Int]?
  /// The value itself, where it is a constant or follows from shapes: weights, and what shape arithmetic makes.
  package var constant: TensorData?

  package init(_ elementType: ElementType, shape: [Int]?, constant: TensorData? = nil) {
    self.elementType = elementType
    self.shape = shape
    self.constant = constant
  }

  package init(_ constant: TensorData) {
    self.init(constant.elementType, shape: constant.shape, constant: constant)
  }
}

extension Graph {
  /// What is known of every value, weights included, when each symbolic axis has the size given for it, else 1; without any
  /// sizes, sizes that go (`sampleBinding`).
  ///
  /// Throws `GraphError(.shapeMismatch)` naming the node and the shapes. Linear in the nodes.
  package func facts(binding sizes: [String: Int]? = nil) throws -> [String: ValueFact] {
    let sizes = try sizes ?? sampleBinding()
    var facts = weights.mapValues { ValueFact($0) }
    for input in inputs {
      let shape = input.shape.map { dimension in
        switch dimension {
        case .fixed(let size): size
        case .symbolic(let name): sizes[name] ?? 1
        }
      }
      do {
        try ShapeBounds.check(shape)
      } catch let misfit as ShapeMisfit {
        throw GraphError(.shapeMismatch, "The input '\(input.name)' \(misfit.what).")
      }
      facts[input.name] = ValueFact(input.elementType, shape: shape)
    }
    var room = ComputedBytes()
    for node in nodes {
      var arguments: [ValueFact?] = []
      for input in node.inputs {
        if input.isEmpty {
          arguments.append(nil)
        } else if let fact = facts[input] {
          arguments.append(fact)
        } else {
          throw GraphError(.invalidStructure, "Node '\(node.name)' reads '\(input)', which nothing before it makes.")
        }
      }
      for (output, fact) in zip(node.outputs, try node.outputFacts(of: arguments)) where !output.isEmpty {
        facts[output] = room.holding(fact)
      }
    }
    return facts
  }

  /// The concrete shape of every value whose shape does not depend on data, weights included.
  package func shapes(binding sizes: [String: Int]? = nil) throws -> [String: [Int]] {
    try facts(binding: sizes).compactMapValues(\.shape)
  }
}

/// What inference may hold of constants that it computed itself: few bytes of a file can ask for many, each of them small.
package struct ComputedBytes {
  private var left = 256 << 20

  package init() {}

  /// The fact, without its constant once there is no room left; what needs that constant then counts as computed at run time.
  package mutating func holding(_ fact: ValueFact) -> ValueFact {
    guard let constant = fact.constant else { return fact }
    left -= constant.bytes.count
    if left >= 0 { return fact }
    var result = fact
    result.constant = nil
    return result
  }
}
