import Foundation

// Positions that exporters compute, and that become constants while a network is read, often follow a rule that takes less room
// than they do.
extension Graph {
  /// What the names of these nodes and their constants begin with.
  private static let positionsPrefix = "coppice.positions."
  /// Below so many numbers a node takes more room than they do.
  private static let smallestPacked = 64
  /// Numbers that unpacking makes at most, of all constants together.
  private static let largestUnpacked = 1 << 25

  /// The network as files hold it: constants of integers that are a run of numbers, or a sum of one list for each axis, are made by
  /// nodes. `unpackingPositions` gives the same network back.
  package func packingPositions() -> Graph {
    let large = weights.filter { $1.elementType == .int64 || $1.elementType == .int32 }
      .filter { $1.elementCount >= Self.smallestPacked }.keys.sorted()
    if large.isEmpty { return self }
    let roles = weightRoles()
    let outputNames = Set(outputs.map(\.name))
    var result = self
    var made: [Node] = []
    let readers = consumers()
    for name in large where roles[name] == .constant && !outputNames.contains(name) {
      // Sizes and amounts say shapes, which others know only from constants.
      guard (readers[name] ?? []).allSatisfy({ nodes[$0].op.readsPositions }) else { continue }
      guard let data = weights[name], let rule = PositionRule(data) else { continue }
      result.weights[name] = nil
      func constant(_ tensor: TensorData, _ part: String) -> String {
        let own = result.unusedName("\(Self.positionsPrefix)\(name).\(part)")
        result.weights[own] = tensor
        return own
      }
      func append(_ op: Operator, _ inputs: [String], isLast: Bool) -> String {
        let label = "\(Self.positionsPrefix)\(made.count)"
        let output = isLast ? name : result.unusedName(label)
        made.append(Node(name: label, op: op, inputs: inputs, outputs: [output]))
        return output
      }
      switch rule {
      case .run(let start, let limit, let step):
        let numbers = [("start", start), ("limit", limit), ("step", step)].map {
          constant(TensorData(shape: [], integers: [$0.1], of: data.elementType), $0.0)
        }
        let isFlat = data.shape.count == 1
        let run = append(.range, numbers, isLast: isFlat)
        if isFlat { continue }
        let shape = constant(TensorData(shape: [data.shape.count], integers: data.shape.map(Int64.init)), "shape")
        _ = append(.reshape(allowsZero: false), [run, shape], isLast: true)
      case .same(let number):
        let value = constant(TensorData(shape: [], integers: [number], of: data.elementType), "value")
        let shape = constant(TensorData(shape: [data.shape.count], integers: data.shape.map(Int64.init)), "shape")
        _ = append(.expand, [value, shape], isLast: true)
      case .sum(let terms):
        var sum = ""
        for (position, term) in terms.enumerated() {
          let list = constant(term, "\(position)")
          sum = position == 0 ? list : append(.elementwise(.add), [sum, list], isLast: position == terms.count - 1)
        }
      }
    }
    if made.isEmpty { return self }
    result.nodes = made + nodes
    return result
  }

  /// The opposite: the constants as numbers, under their names. Nodes that make more than a few million numbers stay.
  package func unpackingPositions() throws -> Graph {
    guard nodes.contains(where: { $0.name.hasPrefix(Self.positionsPrefix) }) else { return self }
    var result = self
    var left = Self.largestUnpacked
    var lists = Set<String>()
    result.nodes = []
    for node in nodes {
      let inputs = node.inputs.map { result.weights[$0] }
      guard node.name.hasPrefix(Self.positionsPrefix), node.outputs.count == 1, inputs.allSatisfy({ $0 != nil }),
        let value = try node.evaluated(on: inputs, limit: left)?.first
      else {
        result.nodes.append(node)
        continue
      }
      left -= value.elementCount
      lists.formUnion(node.inputs)
      result.weights[node.outputs[0]] = value
    }
    let read = Set(result.nodes.flatMap(\.inputs)).union(outputs.map(\.name))
    for list in lists where list.hasPrefix(Self.positionsPrefix) && !read.contains(list) { result.weights[list] = nil }
    return result
  }
}

extension Operator {
  /// Reads lists of integers as positions or as numbers to compute with, and not as sizes.
  fileprivate var readsPositions: Bool {
    switch self {
    case .gather, .gatherND, .gatherElements, .scatterND, .scatterElements, .elementwise, .select, .cast, .concat,
      .transpose, .unsqueeze, .squeeze:
      true
    default: false
    }
  }
}

/// How a constant of integers follows from fewer numbers.
enum PositionRule {
  /// As Range makes it, in the order of the elements.
  case run(start: Int64, limit: Int64, step: Int64)
  case same(Int64)
  /// Lists along one axis each (and along the last one, where that is short, as the coordinates of a position are), which add up by
  /// broadcasting.
  case sum([TensorData])

  /// An axis of so many entries may be that of coordinates.
  private static let mostCoordinates = 8

  /// Nil where no rule takes less than half the room.
  init?(_ data: TensorData) {
    let values = data.integers
    guard values.count == data.elementCount, values.count > 2 else { return nil }
    // So that no sum of them overflows, whatever their type.
    guard values.allSatisfy({ $0.magnitude < 1 << 29 }) else { return nil }
    let step = values[1] - values[0]
    if zip(values, values.dropFirst()).allSatisfy({ $1 - $0 == step }) {
      self =
        step == 0 ? .same(values[0]) : .run(start: values[0], limit: values[0] + Int64(values.count) * step, step: step)
      return
    }
    let shape = data.shape
    guard shape.count > 1 else { return nil }
    for coordinates in [1, shape[shape.count - 1]] where coordinates <= Self.mostCoordinates {
      guard let terms = Self.terms(values, shape, coordinates: coordinates, data.elementType) else { continue }
      // A term with its node and names.
      let room = terms.reduce(0) { $0 + $1.bytes.count + 150 }
      guard terms.count > 1, 2 * room < data.bytes.count else { continue }
      self = .sum(terms)
      return
    }
    return nil
  }

  /// A list for each axis that is longer than 1; nil where they do not add up to the values.
  private static func terms(
    _ values: [Int64], _ shape: [Int], coordinates: Int, _ type: ElementType
  ) -> [TensorData]? {
    let own = coordinates > 1 ? Array(shape.dropLast()) : shape
    var steps = own.map { _ in coordinates }
    for axis in own.indices.dropLast().reversed() { steps[axis] = steps[axis + 1] * own[axis + 1] }
    let axes = own.indices.filter { own[$0] > 1 }
    // What each list adds to the first number, or to the first coordinates.
    let lists = axes.map { axis in
      (0..<own[axis]).flatMap { index in
        (0..<coordinates).map { values[index * steps[axis] + $0] - values[$0] }
      }
    }
    for place in values.indices {
      let coordinate = place % coordinates
      var expected = values[coordinate]
      for (list, axis) in zip(lists, axes) {
        expected += list[place / steps[axis] % own[axis] * coordinates + coordinate]
      }
      guard values[place] == expected else { return nil }
    }
    return zip(lists, axes).enumerated().map { position, entry in
      var size = shape.map { _ in 1 }
      size[entry.1] = own[entry.1]
      if coordinates > 1 { size[shape.count - 1] = coordinates }
      let first = position == 0
      let numbers = entry.0.enumerated().map { $1 + (first ? values[$0 % coordinates] : 0) }
      return TensorData(shape: size, integers: numbers, of: type)
    }
  }
}

extension TensorData {
  /// int64, or int32 for numbers that fit.
  fileprivate init(shape: [Int], integers: [Int64], of type: ElementType) {
    guard type == .int32 else {
      self.init(shape: shape, integers: integers)
      return
    }
    let numbers = integers.map { Int32(clamping: $0) }
    self.init(trusted: .int32, shape: shape, bytes: numbers.withUnsafeBufferPointer { Data(buffer: $0) })
  }
}
