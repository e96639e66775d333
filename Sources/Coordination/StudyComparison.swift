import StudyModel
import StudyStore
import Support

/// Tells whether a study may be resumed with what the user gives now.
enum StudyComparison {
  /// Throws `studyChanged`, with each difference, unless both are the same study. The number of workers and the limits may
  /// differ: they change nothing that is found. So may the budget: a search may be given more time, or less.
  ///
  /// A study of an earlier layout has no parts of its identity: it is the same when the identity that it has is the one that
  /// its Coppice would have given, which leaves out the test file.
  static func check(_ stored: StudyHeader, against given: StudyHeader) throws {
    var (old, new) = (try stored.spec(), try given.spec())
    (old.workers, new.workers) = (0, 0)
    (old.diskLimit, new.diskLimit, old.memoryLimit, new.memoryLimit) = (nil, nil, nil, nil)
    (old.budget, new.budget) = (Budget(), Budget())
    let differences = SpecDifference.between(old, new)
    guard differences.isEmpty, old == new else {
      throw CoordinationError(
        .studyChanged,
        "The spec is not the one that the study began with:\n"
          + differences.map { "  \($0)" }.joined(separator: "\n") + "\n",
        remedy:
          "Restore the spec to go on (its budget, workers and limits may change), or choose a new folder with --output "
          + "for the changed one.")
    }
    guard let parts = given.parts else { return }
    if let began = stored.parts {
      let changed = began.differences(to: parts)
      guard changed.isEmpty else {
        throw CoordinationError(
          .studyChanged,
          "The study's inputs are not those that it began with:\n"
            + changed.map { "  \($0)" }.joined(separator: "\n") + "\n",
          remedy: "Restore the files to go on, or choose a new folder with --output.")
      }
    } else {
      guard try stored.identity == parts.earlierDigest() else {
        throw CoordinationError(
          .studyChanged,
          "The network, the training file, the split or the seed is not the one that the study began with "
            + "(identity \(stored.identity.short), now \(try parts.earlierDigest().short)).",
          remedy: "Restore the files to go on, or choose a new folder with --output.")
      }
    }
  }
}
