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

  /// The network as files hold it: of a weight that still repeats itself only the part that is repeated, with a Tile, and without the
  /// zeros around it, with a Pad. Reading the file gives the weight back bit for bit.
  package func packingRepeatedWeights() -> Graph {
    var result = self
    var makers: [Node] = []
    // What the layers read instead of the weight.
    var readings: [String: String] = [:]
    for name in repeatedWeights.sorted() {
      guard let weight = weights[name], weight.elementType.isFloatingPoint,
        let packed = PackedWeight(weight), !outputs.contains(where: { $0.name == name })
      else { continue }
      result.weights[name] = nil
      let core = result.unusedName("\(name).once")
      result.weights[core] = packed.core
      var value = core
      if let repeats = packed.repeats {
        let amounts = result.unusedName("\(name).repeats")
        result.weights[amounts] = TensorData(shape: [repeats.count], integers: repeats.map(Int64.init))
        let output = packed.margins == nil ? name : result.unusedName("\(name).repeated")
        makers.append(Node(name: "\(name).tile", op: .tile, inputs: [value, amounts], outputs: [output]))
        value = output
      }
      if let margins = packed.margins {
        let amounts = result.unusedName("\(name).margins")
        result.weights[amounts] = TensorData(shape: [margins.count], integers: margins.map(Int64.init))
        // ONNX Runtime 1.31 takes a Pad right before a layer for one of the layer's data, also where it makes the weight, and
        // refuses the network; a Reshape to the same shape, which reading removes again, keeps them apart.
        let (whole, shape) = (result.unusedName("\(name).whole"), result.unusedName("\(name).shape"))
        result.weights[shape] = TensorData(shape: [margins.count / 2], integers: weight.shape.map(Int64.init))
        makers += [
          Node(name: "\(name).pad", op: .pad(mode: .constant), inputs: [value, amounts], outputs: [name]),
          Node(name: whole, op: .reshape(allowsZero: false), inputs: [name, shape], outputs: [whole]),
        ]
        readings[name] = whole
      }
    }
    if makers.isEmpty { return self }
    result.nodes = makers
    for var node in nodes {
      node.inputs = node.inputs.map { readings[$0] ?? $0 }
      result.nodes.append(node)
    }
    return result
  }
}

/// A tensor as a part that is repeated along each axis, with zeros around it.
struct PackedWeight {
  let core: TensorData
  /// How often the part appears along each axis; nil where it appears once.
  let repeats: [Int]?
  /// Zeros before each axis, then after each; nil without any.
  let margins: [Int]?

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
      let found = (1..<size).first { period in
        guard size % period == 0 else { return false }
        return (0..<(bytes.count / block)).allSatisfy { outer in
          let start = outer * block
          let length = block - period * width
          return bytes[start..<(start + length)].elementsEqual(
            bytes[(start + period * width)..<(start + block)])
        }
      }
      return found ?? size
    }
  }
}
