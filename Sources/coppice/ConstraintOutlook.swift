import Coordination
import Search
import StudyModel
import Support

/// Warns once, as soon as the dense network is measured, of constraints that then cannot hold: a night would be lost on them.
final class ConstraintOutlook {
  private let spec: StudySpec
  private var isDone = false

  init(spec: StudySpec) { self.spec = spec }

  func look(_ progress: SearchProgress) {
    guard !isDone, let measures = progress.baseline?.result?.measures else { return }
    isDone = true
    let space = ObjectiveSpace(spec: spec, baseline: measures)
    for constraint in spec.constraints {
      guard let bound = space.impossibleBound(of: constraint) else { continue }
      warn(
        "the constraint '\(ConstraintGrammar.text(constraint))' asks for \(constraint.relation.rawValue) \(bound), now that the dense "
          + "network is measured, and no network can keep it: the front will be empty.")
    }
  }

  /// Over the line that shows how far the search is.
  private func warn(_ text: String) {
    StandardError.write(LiveLine.clearingOnTerminals + "warning: \(text)\n")
  }
}
