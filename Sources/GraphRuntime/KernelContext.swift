import Foundation
import ModelGraph
import Tensors

/// What a run of a node does: tensors in, one result per output of the node (nil where an output is not wanted).
typealias KernelBody = (KernelCall) throws -> [Tensor?]

/// What a kernel sees of its node when a network is bound: attributes and weights, before any value is known.
///
/// `kernelBody()` makes choices here once, so that a run of a small network is not dominated by reading attributes.
struct KernelContext {
  let node: Node
  /// The weights that the node reads, by input; nil for computed values and absent inputs. Taken when the network is bound:
  /// for what works as an attribute (axes, limits), not for what is learned.
  let constants: [TensorData?]
  /// The narrow types among those of the inputs, which tensors do not tell: they hold codes.
  let narrowTypes: [ElementType?]

  /// `types` are those of values by name, needed only where some are narrow.
  init(_ node: Node, in graph: Graph, types: [String: ElementType] = [:]) {
    self.node = node
    constants = node.inputs.map { graph.weights[$0] }
    narrowTypes = node.inputs.map { name in types[name].flatMap { $0.isNarrow ? $0 : nil } }
  }

  /// The narrow type of an input; nil for an absent one and for all other types.
  func narrowType(_ position: Int) -> ElementType? {
    narrowTypes.indices.contains(position) ? narrowTypes[position] : nil
  }

  /// The input is given, as a weight or as a computed value.
  func has(_ position: Int) -> Bool {
    node.inputs.indices.contains(position) && !node.inputs[position].isEmpty
  }

  /// The values of a constant integer or boolean input; nil when it is computed or absent.
  func integers(_ position: Int) -> [Int]? {
    guard constants.indices.contains(position), let data = constants[position] else { return nil }
    return data.wholeNumbers
  }

  /// The constant integer inputs by position; long ones (quantised weights, say) stay tensors.
  var shortLists: [[Int]?] {
    constants.map { data in
      guard let data, data.elementCount <= 4096 else { return nil }
      return data.wholeNumbers
    }
  }

  /// The only value of a constant input of any type; nil when it is computed, absent or of several elements.
  func number(_ position: Int) -> Double? {
    guard constants.indices.contains(position), let data = constants[position], data.elementCount == 1 else {
      return nil
    }
    if let integer = data.wholeNumbers?.first { return Double(integer) }
    return (try? Tensor(data))?.singleValue
  }

  /// Somebody reads this output, or may.
  func isWanted(_ output: Int) -> Bool {
    node.outputs.indices.contains(output) && !node.outputs[output].isEmpty
  }

  /// Throws unless the number of inputs is in the range and the first ones, as many as its lower bound, are given.
  func expectInputs(_ range: ClosedRange<Int>) throws {
    guard range.contains(node.inputs.count), !node.inputs.prefix(range.lowerBound).contains("") else {
      let needed =
        range.lowerBound == range.upperBound ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
      throw failure("has \(node.inputs.count) inputs where it needs \(needed)")
    }
  }

  /// Throws when an output beyond the first `count` is wanted.
  func expectOutputs(_ count: Int) throws {
    guard isWanted(0) || count > 1, !node.outputs.indices.dropFirst(count).contains(where: isWanted) else {
      throw failure("has the outputs \(node.outputs); it gives \(count)")
    }
  }

  /// An error that names the node: "Node 'x' (Conv) <what>."
  func failure(_ what: String) -> GraphRuntimeError {
    GraphRuntimeError(.unsupported, "Node '\(node.name)' (\(node.op.onnxName)) \(what).")
  }

  /// A kernel of one input and one output.
  func unary(_ body: @escaping (Tensor) throws -> Tensor) throws -> KernelBody {
    try expectInputs(1...1)
    return { [try body($0.tensor(0))] }
  }
}

/// One run of a node.
struct KernelCall {
  /// By input of the node; nil where it is absent.
  let arguments: [Tensor?]
  let mode: ExecutionMode
  let dropout: TorchGenerator?
  let momentumOverride: Double?
  /// The result may be written over the first argument, which nothing else reads.
  let overwrites: Bool
  /// Constant integer inputs by position, read once.
  let constantIntegers: [[Int]?]

  func tensor(_ position: Int) throws -> Tensor {
    guard let tensor = optional(position) else {
      throw TensorError(.invalidArgument, operation: "this operator", detail: "its input \(position) is absent")
    }
    return tensor
  }

  func optional(_ position: Int) -> Tensor? {
    position < arguments.count ? arguments[position] : nil
  }

  /// The values of an integer or boolean input, constant or computed (then copied from its device).
  func integers(_ position: Int) throws -> [Int] {
    if position < constantIntegers.count, let known = constantIntegers[position] { return known }
    return try tensor(position).int64s.map(Int.init)
  }

  func optionalIntegers(_ position: Int) throws -> [Int]? {
    optional(position) == nil ? nil : try integers(position)
  }

  /// The only value of an integer input.
  func integer(_ position: Int) throws -> Int {
    let values = try integers(position)
    guard values.count == 1 else {
      throw TensorError(
        .invalidArgument, operation: "this operator", shapes: [try tensor(position).shape],
        detail: "its input \(position) must be one number")
    }
    return values[0]
  }
}

extension TensorData {
  /// The values of an integer or boolean tensor in row-major order; nil for other types.
  var wholeNumbers: [Int]? {
    switch elementType {
    case .int8: values(Int8.self)
    case .int16: values(Int16.self)
    case .int32: values(Int32.self)
    case .int64: values(Int64.self)
    case .uint8, .bool: values(UInt8.self)
    case .uint16: values(UInt16.self)
    case .uint32: values(UInt32.self)
    case .uint64: values(UInt64.self)
    case .float32, .float64, .float16, .bfloat16, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz,
      .float8e8m0, .float4e2m1, .int4, .uint4, .int2, .uint2:
      nil
    }
  }

  private func values<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type) -> [Int] {
    bytes.withUnsafeBytes { buffer in
      (0..<elementCount).map {
        Int(truncatingIfNeeded: buffer.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Value>.size, as: Value.self))
      }
    }
  }
}

extension Tensor {
  fileprivate var singleValue: Double? { try? item() }
}
