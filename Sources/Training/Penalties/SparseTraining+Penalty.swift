import ChannelGroups
import GraphRuntime
import ModelGraph
import StudyModel
import Tensors

/// What a plan's sparse training acts on, in the network that is trained.
package struct PenaltyTargets {
  /// The groups that the plan may cut.
  package var groups: [ChannelGroup]
  /// The kernels of the layers that the plan may cut.
  package var kernels: [String]
  /// What the plan would cut of the network as it is: masks of the weights' shapes, ones where an element would leave.
  package var doomed: [String: TensorData]

  package init(groups: [ChannelGroup], kernels: [String], doomed: [String: TensorData] = [:]) {
    self.groups = groups
    self.kernels = kernels
    self.doomed = doomed
  }
}

extension SparseTraining {
  /// The penalty bound to a module's parameters; `learningRate` is the training's highest.
  ///
  /// Throws `TrainingError(.invalidSettings)` for a strength that is not positive, for follow the leader with a penalty
  /// that is no sum of norms, and where the network has nothing to penalise.
  package func penalty(
    in module: GraphModule, targets: PenaltyTargets, learningRate: Double
  ) throws -> any WeightPenalty {
    guard strength >= 0, strength.isFinite else {
      throw TrainingError(
        .invalidSettings, "A penalty of strength \(strength) cannot be trained with.",
        remedy: "Take a number from 0 up.")
    }
    let parameters = Dictionary(uniqueKeysWithValues: module.parameters.map { ($0.name, $0.tensor) })
    switch penalty {
    case .l1:
      return try absolute(of: targets.kernels, parameters, learningRate, called: "kernel that the plan may cut")
    case .batchNormScale:
      let scales = module.graph.nodes.compactMap { node -> String? in
        if case .batchNormalization = node.op, node.inputs.count > 1 { node.inputs[1] } else { nil }
      }
      return try absolute(of: scales, parameters, learningRate, called: "batch normalisation")
    case .groupLasso:
      switch update {
      case .gradient: return try GroupLasso(targets.groups, in: module, strength: strength, step: .gradient)
      case .proximal: return try GroupLasso(targets.groups, in: module, strength: strength, step: .proximal)
      case .ftrl:
        return try FollowRegularizedLeader(
          parameters, groups: targets.groups, strength: strength, learningRate: learningRate)
      }
    case .growing:
      let chosen = try targets.doomed.keys.sorted().compactMap { name -> (weight: Tensor, mask: Tensor)? in
        guard let weight = parameters[name], let mask = targets.doomed[name] else { return nil }
        return (weight, try Tensor(mask, device: module.device))
      }
      return GrowingPenalty(chosen, growth: strength, step: try plainStep())
    case .gates:
      _ = try plainStep()
      return try ChannelGates(targets.groups, in: module, strength: strength)
    }
  }

  private func absolute(
    of names: [String], _ parameters: [String: Tensor], _ learningRate: Double, called what: String
  ) throws -> any WeightPenalty {
    let chosen = parameters.filter { names.contains($0.key) }
    guard !chosen.isEmpty else {
      throw TrainingError(
        .invalidSettings, "The network has no \(what), so the penalty '\(penalty.rawValue)' has nothing to act on.",
        remedy: "Take another penalty, or another layer set.")
    }
    let tensors = chosen.keys.sorted().compactMap { chosen[$0] }
    switch update {
    case .gradient: return L1Penalty(tensors, strength: strength, step: .gradient)
    case .proximal: return L1Penalty(tensors, strength: strength, step: .proximal)
    case .ftrl: return try FollowRegularizedLeader(chosen, strength: strength, learningRate: learningRate)
    }
  }

  private func plainStep() throws -> PenaltyStep {
    switch update {
    case .gradient: return .gradient
    case .proximal: return .proximal
    case .ftrl:
      throw TrainingError(
        .invalidSettings,
        "The penalty '\(penalty.rawValue)' cannot be used with the update ftrl: it has no threshold.",
        remedy: "Take the update gradient or proximal, or the penalty l1, group-lasso or bn-scale.")
    }
  }
}

extension PenaltyTargets {
  /// Everything that would leave with the units that are not kept.
  package static func doomed(
    groups: [ChannelGroup], kept: [String: [Int]], in module: GraphModule
  ) throws -> [String: TensorData] {
    let shapes = Dictionary(uniqueKeysWithValues: module.parameters.map { ($0.name, $0.tensor.shape) })
    var ones: [String: Tensor] = [:]
    var sums: [String: Tensor] = [:]
    for group in groups {
      let layout = try UnitLayout(group, device: module.device, shape: { shapes[$0] })
      for name in layout.weights where ones[name] == nil {
        guard let shape = shapes[name] else { continue }
        ones[name] = try Tensor.ones(shape, device: module.device)
        sums[name] = try Tensor.zeros(shape, device: module.device)
      }
      let stays = Set(kept[group.name] ?? Array(group.units.indices))
      let factors = try Tensor(
        floats: group.units.indices.map { stays.contains($0) ? 0 : 1 }, shape: [group.units.count],
        device: module.device)
      try layout.add({ ones[$0] }, times: factors, to: { sums[$0] })
    }
    return try sums.mapValues { try $0.gt(0).to(.float32).tensorData() }
  }

  /// The elements that are not kept.
  package static func doomed(masks: [String: [Bool]], of graph: Graph) -> [String: TensorData] {
    var result: [String: TensorData] = [:]
    for (name, mask) in masks {
      guard let shape = graph.weights[name]?.shape else { continue }
      result[name] = TensorData(shape: shape, floats: mask.map { $0 ? 0 : 1 })
    }
    return result
  }
}
