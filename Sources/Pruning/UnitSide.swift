import ChannelGroups

/// Which of the weights that leave with a unit a criterion looks at.
package enum UnitSide: Sendable {
  /// What makes the unit: filters or rows, their biases and normalisations.
  case makers
  /// What reads it. With these at zero the unit is gone exactly. With its filters at zero a bias or a normalisation
  /// may still send a constant on, so what a loss says of them is not about the unit.
  case readers

  func counts(_ face: UnitFace) -> Bool { face.isOutput == (self == .makers) }
}
