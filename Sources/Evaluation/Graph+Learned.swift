import ChannelGroups
import ModelGraph

extension Graph {
  /// Learned weights and measured statistics by name: what a state dictionary holds.
  package var learnedState: [String: TensorData] {
    let roles = weightRoles()
    return weights.filter { roles[$0.key] == .trainable || roles[$0.key] == .statistic }
  }

  /// The layers that a plan's layer set can name, in graph order.
  package var prunableLayerNames: [String] { prunableWeights().map(\.layer) }
}
