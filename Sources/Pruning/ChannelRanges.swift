import GraphRuntime
import ModelGraph
import Tensors

/// The lowest and the highest number that each channel of some values had, over all samples and positions.
struct ChannelRanges {
  struct Face: Hashable {
    let value: String
    let axes: [Int]
  }

  private var low: [Face: [Double]] = [:]
  private var high: [Face: [Double]] = [:]

  /// Over the calibration batches.
  init(of faces: Set<Face>, in context: ScoringContext) throws {
    let byValue = Dictionary(grouping: faces, by: \.value)
    try context.forEachForward(observing: Set(byValue.keys)) { value, tensor, _ in
      for face in byValue[value] ?? [] { try note(tensor, face) }
    }
  }

  /// Of made-up inputs of ones (zeros where they hold integers), of several sizes where axes are free: enough for what
  /// does not depend on the input.
  init(of faces: Set<Face>, onSamplesFor module: GraphModule) throws {
    let byValue = Dictionary(grouping: faces, by: \.value)
    for binding in try module.graph.probes() {
      let shapes = try module.graph.shapes(binding: binding)
      var inputs: [String: Tensor] = [:]
      for input in module.graph.inputs {
        let type = ScalarType(input.elementType)
        inputs[input.name] = try Tensor.full(
          type.isFloatingPoint ? 1 : 0, shape: shapes[input.name] ?? [], type: type, device: module.device)
      }
      var seen: [(value: String, tensor: Tensor)] = []
      _ = try withInference {
        try module.forward(inputs, mode: .evaluation) { node, tensors in
          for name in node.outputs where byValue[name] != nil {
            if let tensor = tensors[name] { seen.append((name, tensor)) }
          }
        }
      }
      for (value, tensor) in seen {
        for face in byValue[value] ?? [] { try note(tensor, face) }
      }
    }
  }

  private mutating func note(_ tensor: Tensor, _ face: Face) throws {
    let others = (0..<tensor.rank).filter { !face.axes.contains($0) }
    let wide = try tensor.to(.float64)
    let (least, most) = others.isEmpty ? (wide, wide) : (try wide.min(others), try wide.max(others))
    let (lows, highs) = (try least.contiguous().doubles, try most.contiguous().doubles)
    low[face] = low[face].map { zip($0, lows).map { $0.isNaN || $0 <= $1 ? $0 : $1 } } ?? lows
    high[face] = high[face].map { zip($0, highs).map { $0.isNaN || $0 >= $1 ? $0 : $1 } } ?? highs
  }

  /// The one number that a channel always was, or nil.
  func constant(_ face: Face, entry: Int) -> Double? {
    guard let low = low[face]?[entry], let high = high[face]?[entry], low == high, low.isFinite else { return nil }
    return low
  }
}
