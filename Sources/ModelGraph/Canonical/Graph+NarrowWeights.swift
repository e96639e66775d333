import Foundation

// A network of float16 numbers should not double when it is written: what the narrow type still holds stays in it.
extension Graph {
  /// What the names of these nodes begin with.
  private static let narrowPrefix = "coppice.narrow."
  /// Below so many numbers a node takes more room than they save.
  private static let smallestNarrow = 128

  /// The network as files hold it: weights that were float16 or bfloat16 in the file that it was read from, and whose numbers that type
  /// still holds exactly, have that type, with a Cast behind each. `wideningWeights` gives the same network back.
  package func narrowingWeights() -> Graph {
    let types = [ElementType.float16, .bfloat16].filter { convertedFrom.contains($0.rawValue) }
    guard !types.isEmpty else { return self }
    let outputNames = Set(outputs.map(\.name))
    var result = self
    var casts: [Node] = []
    for name in weights.keys.sorted() where !outputNames.contains(name) {
      guard let data = weights[name], data.elementType == .float32, data.elementCount >= Self.smallestNarrow,
        let narrow = types.lazy.compactMap({ data.narrowed(exactly: $0) }).first
      else { continue }
      let inner = result.unusedName("\(name).\(narrow.elementType.rawValue)")
      result.weights[name] = nil
      result.weights[inner] = narrow
      casts.append(
        Node(name: Self.narrowPrefix + name, op: .cast(Cast(to: .float32)), inputs: [inner], outputs: [name]))
      // Names stay taken until all are made.
      result.nodes.insert(casts[casts.count - 1], at: casts.count - 1)
    }
    return result
  }

  /// The opposite: weights are float32 and have their own names again.
  package func wideningWeights() -> Graph {
    let casts = nodes.filter { node in
      guard node.name.hasPrefix(Self.narrowPrefix), case .cast(let cast) = node.op, cast.to == .float32,
        node.inputs.count == 1, node.outputs.count == 1
      else { return false }
      return weights[node.inputs[0]]?.widened != nil
    }
    guard !casts.isEmpty else { return self }
    var result = self
    let removed = Set(casts.flatMap(\.outputs))
    result.nodes.removeAll { $0.outputs.count == 1 && removed.contains($0.outputs[0]) }
    let read = Set(result.nodes.flatMap(\.inputs)).union(outputs.map(\.name))
    for node in casts { result.weights[node.outputs[0]] = weights[node.inputs[0]]?.widened }
    for node in casts where !read.contains(node.inputs[0]) { result.weights[node.inputs[0]] = nil }
    return result
  }
}

extension TensorData {
  /// The same numbers as float32; nil for other types than float16 and bfloat16, and float32 itself.
  fileprivate var widened: TensorData? {
    func floats(_ number: (UInt16) -> Float) -> TensorData {
      let numbers = bytes.withUnsafeBytes { buffer in
        (0..<elementCount).map { number(buffer.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) }
      }
      return TensorData(shape: shape, floats: numbers)
    }
    switch elementType {
    case .float32: return self
    case .float16: return floats { Float(Float16(bitPattern: $0)) }
    case .bfloat16: return floats { Float(bitPattern: UInt32($0) << 16) }
    default: return nil
    }
  }

  /// The same numbers in a narrower type; nil where one of them is not exactly the same there.
  fileprivate func narrowed(exactly type: ElementType) -> TensorData? {
    var bits: [UInt16] = []
    bits.reserveCapacity(elementCount)
    for value in floats {
      switch type {
      case .float16:
        let half = Float16(value)
        guard Float(half).bitPattern == value.bitPattern else { return nil }
        bits.append(half.bitPattern)
      case .bfloat16:
        guard value.bitPattern & 0xffff == 0 else { return nil }
        bits.append(UInt16(value.bitPattern >> 16))
      default: return nil
      }
    }
    return TensorData(trusted: type, shape: shape, bytes: bits.withUnsafeBufferPointer { Data(buffer: $0) })
  }
}
