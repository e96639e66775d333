import Foundation
import GraphRuntime
import ModelGraph
import Tensors
import Testing

extension TensorsTests {
  /// Whatever shapes and numbers reach a node at run time, it gives a result or throws; it never stops the process.
  @Suite struct HostileInputTests {
    /// One way to spoil an input.
    enum Change: CaseIterable {
      case absent, scalar, flat, empty, oneAxisMore, largest, smallest, zero
    }

    @Test(arguments: Change.allCases)
    func layersSurvive(change: Change) throws { try Self.check(LayerGoldens.layers.get(), change) }

    @Test(arguments: Change.allCases)
    func kernelsSurvive(change: Change) throws { try Self.check(LayerGoldens.kernels.get(), change) }

    private static func check(_ goldens: LayerGoldens, _ change: Change) throws {
      var runs = 0
      for name in goldens.names {
        let (node, inputs, outputs) = try goldens.node(name)
        // Tests of larger tensors have the same kernels.
        if inputs.contains(where: { ($0?.elementCount ?? 0) > 5000 }) { continue }
        for position in inputs.indices {
          guard let data = inputs[position], let spoiled = try spoiled(data, change) else { continue }
          var all = inputs
          all[position] = change == .absent ? nil : spoiled
          _ = try? run(node, all, outputs)
          runs += 1
        }
      }
      #expect(runs > 100)
    }

    /// Nil where the change leaves the input as it is.
    private static func spoiled(_ data: TensorData, _ change: Change) throws -> TensorData? {
      func filled(_ number: Int) throws -> TensorData {
        let double = number == 0 ? 0.0 : number > 0 ? .nan : -1e30
        let integers = try Tensor(
          int64s: [Int64](repeating: Int64(number), count: data.elementCount), shape: data.shape)
        let type = ScalarType(data.elementType)
        return try (type.isFloatingPoint ? Tensor.full(double, shape: data.shape) : integers).to(type).tensorData()
      }
      switch change {
      case .absent: return data
      case .scalar:
        return data.shape.isEmpty
          ? nil
          : try TensorData(data.elementType, shape: [], bytes: Data(count: data.elementType.byteCount))
      case .flat: return data.shape.count == 1 ? nil : data.reshaped(to: [data.elementCount])
      case .empty:
        return try TensorData(
          data.elementType, shape: data.shape.map { _ in 0 } + [],
          bytes: Data(count: data.shape.isEmpty ? data.elementType.byteCount : 0))
      case .oneAxisMore: return data.reshaped(to: [1] + data.shape)
      case .largest: return try filled(.max)
      case .smallest: return try filled(.min)
      case .zero: return try filled(0)
      }
    }

    private static func run(_ node: Node, _ inputs: [TensorData?], _ outputs: [TensorData?]) throws {
      var node = node
      var arguments: [String: Tensor] = [:]
      var infos: [ValueInfo] = []
      for (position, data) in inputs.enumerated() {
        guard let data else {
          node.inputs[position] = ""
          continue
        }
        infos.append(
          ValueInfo(
            name: node.inputs[position], elementType: data.elementType, shape: data.shape.map(Dimension.fixed)))
        arguments[node.inputs[position]] = try Tensor(data)
      }
      let results = zip(node.outputs, outputs).compactMap { name, data in
        data.map { ValueInfo(name: name, elementType: $0.elementType, shape: []) }
      }
      let graph = Graph(name: node.name, inputs: infos, outputs: results, nodes: [node], weights: [:])
      _ = try GraphModule(graph).forward(arguments, mode: .evaluation)
    }
  }
}
