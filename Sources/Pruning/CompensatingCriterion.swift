import ChannelGroups
import Tensors

/// A criterion that changes the weights that stay, to make up for those that leave.
package protocol CompensatingCriterion: ImportanceCriterion {
  /// Which faces of removed units hold the weights whose loss is made up for.
  func countsInUpdate(_ face: UnitFace) -> Bool

  /// New float64 values of the weights named in `masks`, which says (row-major) what stays; what leaves is zero.
  ///
  /// The network is as it is before the cut, and is left so.
  func compensated(_ masks: [String: [Bool]], in context: ScoringContext) throws -> [String: Tensor]
}
