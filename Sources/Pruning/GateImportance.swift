import ChannelGroups
import StudyModel
import Tensors

/// Gates on units, learned on the calibration data (as in Luo and Wu 2020, "AutoPruner", and Huang and Wang 2018,
/// "Data-driven sparse structure selection"): each unit's output is multiplied by a gate that starts at 1, and the
/// gates alone are trained on the loss plus 0.002 times their sum, an L1 penalty, since they are kept from 0 up. The
/// score is the gate.
///
/// `UnitGates` says where gates lie. The weights stay, unlike in those papers, so that what is learned is which units
/// the network as it is needs. Adam's rate is 0.9 over the number of steps (`TrainingProbe`): a gate that only the
/// penalty pulls on goes down steadily and ends at 0.1, so units that nothing needs are lowest, and no gate is cut
/// off at 0. Cost: as many backward passes as there are steps.
package struct GateImportance: ImportanceCriterion {
  package let criterion = Criterion.gates
  static let penalty = 0.002
  static let travel = 0.9

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    let gates = UnitGates(groups, in: context.module.graph, byLayer: aggregation != nil)
    guard gates.count > 0 else { return gates.layerScores([], of: groups) }
    let probe = try TrainingProbe(context)
    let values = try Tensor(doubles: Array(repeating: 1, count: gates.count), shape: [gates.count])
    var adam = try Adam(like: values)
    try probe.run { differentiate in
      let present = try values.doubles
      try gates.lay(present, on: probe.module, dense: context)
      try differentiate()
      let slopes = try gates.gradient(at: present, of: probe, dense: context).map { $0 + Self.penalty }
      try adam.step(
        values, gradient: Tensor(doubles: slopes, shape: [gates.count]), rate: Self.travel / Double(probe.steps))
      try values.clamp_(0, .infinity)
    }
    return gates.layerScores(try values.doubles, of: groups)
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try refuseElements()
  }
}
