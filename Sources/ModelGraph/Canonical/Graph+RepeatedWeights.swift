import Foundation

extension Graph {
  /// The key of the metadata under which they are listed.
  package static let repeatedWeightsKey = "coppice.repeated-weights"

  /// Weights that the network made of fewer numbers, by repeating them or laying zeros around them. Kept in the metadata, a
  /// name a line, so that files hold the fewer numbers again (`packingRepeatedWeights`).
  package internal(set) var repeatedWeights: Set<String> {
    get { Set(metadata[Self.repeatedWeightsKey]?.split(separator: "\n").map(String.init) ?? []) }
    set { metadata[Self.repeatedWeightsKey] = newValue.isEmpty ? nil : newValue.sorted().joined(separator: "\n") }
  }

  /// The network as files hold it: of a weight that still repeats itself only the part that is repeated, with a Tile, or its only
  /// number, with a ConstantOfShape, and without the zeros around it, with a Pad. Reading the file gives the weight back bit for bit
  /// and finds again that it repeats itself, so what is written does not list it.
  package func packingRepeatedWeights() -> Graph {
    var packing = WeightPacking(self)
    for name in repeatedWeights.sorted() where !outputs.contains(where: { $0.name == name }) { packing.pack(name) }
    return packing.graph
  }
}

/// Makes repeated weights by nodes before those of the network.
private struct WeightPacking {
  private let source: Graph
  private var result: Graph
  private var makers: [Node] = []
  /// Names of lists of integers, which weights of one shape share.
  private var lists: [[Int]: String] = [:]
  /// What the layers read in the place of a weight.
  private var readings: [String: String] = [:]
  private var packed = Set<String>()
  private var filled = Set<String>()

  init(_ graph: Graph) {
    source = graph
    result = graph
  }

  var graph: Graph {
    guard !makers.isEmpty else { return source }
    var graph = result
    graph.nodes = makers
    for var node in source.nodes {
      node.inputs = node.inputs.map { readings[$0] ?? $0 }
      graph.nodes.append(node)
    }
    graph.repeatedWeights.subtract(packed)
    // What is made of one number is known as computed when it is read.
    graph.computedConstants.subtract(filled)
    return graph
  }

  mutating func pack(_ name: String) {
    guard let weight = result.weights[name], weight.elementType.isFloatingPoint, let pack = PackedWeight(weight) else {
      return
    }
    packed.insert(name)
    result.weights[name] = nil
    if pack.isFilled {
      filled.insert(name)
      let fill = Operator.constantOfShape(value: pack.core.reshaped(to: [1]))
      return append(fill, [list(weight.shape, "\(name).sizes")], name, "\(name).fill")
    }
    var value = result.unusedName("\(name).once")
    result.weights[value] = pack.core
    if let repeats = pack.repeats {
      let repeated = pack.margins == nil ? name : result.unusedName("\(name).repeated")
      append(.tile, [value, list(repeats, "\(name).repeats")], repeated, "\(name).tile")
      value = repeated
    }
    guard let margins = pack.margins else { return }
    append(.pad(mode: .constant), [value, list(margins, "\(name).margins")], name, "\(name).pad")
    // ONNX Runtime 1.31 takes a Pad right before a layer for one of the layer's data, also where it makes the weight, and refuses
    // the network; a Reshape to the same shape, which reading removes again, keeps them apart.
    let whole = result.unusedName("\(name).whole")
    append(.reshape(allowsZero: false), [name, list(weight.shape, "\(name).sizes")], whole, whole)
    readings[name] = whole
  }

  private mutating func append(_ op: Operator, _ inputs: [String], _ output: String, _ name: String) {
    makers.append(Node(name: name, op: op, inputs: inputs, outputs: [output]))
  }

  private mutating func list(_ numbers: [Int], _ name: String) -> String {
    if let known = lists[numbers] { return known }
    let own = result.unusedName(name)
    result.weights[own] = TensorData(shape: [numbers.count], integers: numbers.map(Int64.init))
    lists[numbers] = own
    return own
  }
}

/// A tensor as a part that is repeated along each axis, with zeros around it.
struct PackedWeight {
  let core: TensorData
  /// How often the part appears along each axis; nil where it appears once.
  let repeats: [Int]?
  /// Zeros before each axis, then after each; nil without any.
  let margins: [Int]?
  /// The weight holds one number everywhere.
  var isFilled: Bool { core.elementCount == 1 && repeats != nil && margins == nil }

  /// Nil where that holds no fewer numbers.
  init?(_ weight: TensorData) {
    guard weight.elementCount > 1 else { return nil }
    var rest = weight
    var before = weight.shape.map { _ in 0 }
    var after = before
    for axis in weight.shape.indices {
      let zeros = Self.zeroSlices(rest, axis: axis)
      // All of it is zeros: there is nothing to lay them around.
      guard let first = zeros.firstIndex(of: false), let last = zeros.lastIndex(of: false) else { continue }
      (before[axis], after[axis]) = (first, zeros.count - 1 - last)
      if before[axis] + after[axis] > 0 { rest = rest.gathering(Array(first...last), axis: axis) }
    }
    var repeats: [Int] = []
    for axis in weight.shape.indices {
      let period = Self.period(rest, axis: axis)
      repeats.append(rest.shape[axis] / max(period, 1))
      if period < rest.shape[axis] { rest = rest.gathering(Array(0..<period), axis: axis) }
    }
    let hasMargins = before + after != Array(repeating: 0, count: 2 * weight.shape.count)
    let isRepeated = repeats.contains { $0 > 1 }
    // The numbers that say how are counted as well.
    let extra = (isRepeated ? repeats.count : 0) + (hasMargins ? 3 * before.count : 0)
    guard hasMargins || isRepeated, rest.elementCount + 2 * extra < weight.elementCount else { return nil }
    core = rest
    self.repeats = isRepeated ? repeats : nil
    margins = hasMargins ? before + after : nil
  }

  /// For each position along an axis, whether there are only zeros.
  private static func zeroSlices(_ data: TensorData, axis: Int) -> [Bool] {
    let size = data.shape[axis]
    let width = data.shape[(axis + 1)...].reduce(1, *) * data.elementType.byteCount
    guard size > 0, width > 0 else { return Array(repeating: false, count: size) }
    var result = Array(repeating: true, count: size)
    data.bytes.withUnsafeBytes { bytes in
      for line in 0..<(bytes.count / width) where result[line % size] {
        // The bytes, so that a negative zero stays what it is.
        result[line % size] = bytes[(line * width)..<((line + 1) * width)].allSatisfy { $0 == 0 }
      }
    }
    return result
  }

  /// The shortest part of an axis that, repeated, is the whole axis.
  private static func period(_ data: TensorData, axis: Int) -> Int {
    let size = data.shape[axis]
    guard size > 1, data.elementCount > 0 else { return size }
    let width = data.shape[(axis + 1)...].reduce(1, *) * data.elementType.byteCount
    let block = size * width
    return data.bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return size }
      let found = (1..<size).first { period in
        guard size % period == 0 else { return false }
        return stride(from: 0, to: bytes.count, by: block).allSatisfy { start in
          memcmp(base + start, base + start + period * width, block - period * width) == 0
        }
      }
      return found ?? size
    }
  }
}
