import ModelGraph
import Tensors

/// Sums of what layers read over passes: of what convolutions read over the first axis only, of all else over all axes but the channels'.
struct ReadingSums {
  private let faces: [String: [(face: ChannelRanges.Face, isImage: Bool)]]
  private var sums: [ChannelRanges.Face: (sum: Tensor, passes: Double)] = [:]

  init(_ readings: [ChannelReading], in graph: Graph) {
    let kinds = Dictionary(
      readings.map { ($0.face, graph.nodes[$0.node].isConvolution) }, uniquingKeysWith: { $0 || $1 })
    faces = Dictionary(grouping: kinds.map { (face: $0.key, isImage: $0.value) }, by: \.face.value)
  }

  /// What has to be observed.
  var values: Set<String> { Set(faces.keys) }

  /// One pass's value.
  mutating func add(_ value: String, _ tensor: Tensor) throws {
    for (face, isImage) in faces[value] ?? [] {
      let wide = try tensor.to(.float64)
      let axes = isImage ? [0] : (0..<wide.rank).filter { !face.axes.contains($0) }
      var mean = axes.isEmpty ? wide : try wide.mean(axes, keepsAxes: isImage)
      if !isImage { mean = try mean.contiguous().reshape([-1]) }
      if let before = sums[face] {
        sums[face] = (try before.sum.add(mean), before.passes + 1)
      } else {
        sums[face] = (mean, 1)
      }
    }
  }

  /// `[1, C, ...]` of images, `[K]` of all else, in float64.
  func means() throws -> [ChannelRanges.Face: Tensor] { try sums.mapValues { try $0.sum.div($0.passes) } }
}

extension Node {
  fileprivate var isConvolution: Bool {
    switch op {
    case .convolution, .transposedConvolution: true
    default: false
    }
  }
}
