import ChannelGroups
import Selection
import Tensors

/// What the units of some groups do on the calibration data: one pass over all batches in evaluation mode, in double
/// precision. Which value speaks for a unit is said at `LayerResponse`.
struct ActivationStatistics {
  private let responses: [LayerResponse]
  private let context: ScoringContext

  init(of groups: [ChannelGroup], in context: ScoringContext) throws {
    responses = try LayerResponse.all(of: groups, in: context.module.graph)
    self.context = context
  }

  /// For every response `[S, K]`: one number for each sample of all batches and each entry. `quantity` makes `[N, K]`
  /// of a batch's response `[N, K, ...]`. Memory: 8 bytes for each sample and entry.
  func samples(_ quantity: (Tensor) throws -> Tensor) throws -> [Tensor] {
    try samplesAndClasses(quantity).samples
  }

  /// The same with the probabilities of the classes, `[S, C]`: the softmax of what the loss takes, averaged first over
  /// places where the network judges each place by itself.
  func samplesAndClasses(
    _ quantity: (Tensor) throws -> Tensor
  ) throws -> (samples: [Tensor], classes: Tensor) {
    var positions: [String: [Int]] = [:]
    for (position, response) in responses.enumerated() { positions[response.value, default: []].append(position) }
    let logits = context.module.graph.scoresValue ?? ""
    var batches: [[Tensor]] = Array(repeating: [], count: responses.count)
    var classes: [Tensor] = []
    try context.forEachForward(observing: Set(positions.keys).union([logits])) { value, tensor, samples in
      if value == logits {
        let scores = try tensor.to(.float64).reshape([samples, -1, tensor.shape.last ?? 1]).mean([1])
        classes.append(try scores.softmax(1).to(.cpu))
      }
      for position in positions[value] ?? [] {
        let view = try responses[position].view(tensor, samples: samples)
        batches[position].append(try quantity(view).to(.float64).to(.cpu))
      }
    }
    return (try batches.map { try Tensor.cat($0, axis: 0) }, try Tensor.cat(classes, axis: 0))
  }

  /// The mean over all samples of `quantity`, layer by layer.
  func means(_ quantity: (Tensor) throws -> Tensor) throws -> [String: [LayerScores]] {
    layerScores(try samples(quantity).map { try $0.mean([0]).doubles })
  }

  /// One score for each entry of each response as scores of units; of a unit with several entries in one layer, their
  /// mean.
  func layerScores(_ scores: [[Double]]) -> [String: [LayerScores]] {
    var result: [String: [LayerScores]] = [:]
    for (response, values) in zip(responses, scores) {
      for part in response.parts {
        let means = part.entries.map { entries in entries.reduce(0) { $0 + values[$1] } / Double(entries.count) }
        result[part.group, default: []].append(LayerScores(layer: response.layer, units: part.units, scores: means))
      }
    }
    return result
  }
}

extension Tensor {
  /// The mean over all positions of `[N, K, ...]`: `[N, K]`.
  func meanOverPositions() throws -> Tensor {
    rank > 2 ? try mean(Array(2..<rank)) : self
  }
}
