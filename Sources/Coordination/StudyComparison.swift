import StudyModel
import StudyStore
import Support

/// Tells whether a study may be resumed with what the user gives now.
enum StudyComparison {
  /// Throws `studyChanged`, with each difference, unless both are the same study. The number of workers and the limits may
  /// differ: they change nothing that is found.
  static func check(_ stored: StudyHeader, against given: StudyHeader) throws {
    var (old, new) = (try stored.spec(), try given.spec())
    (old.workers, new.workers) = (0, 0)
    (old.diskLimit, new.diskLimit, old.memoryLimit, new.memoryLimit) = (nil, nil, nil, nil)
    let differences = SpecDifference.between(old, new)
    guard differences.isEmpty else {
      throw CoordinationError(
        .studyChanged,
        "The spec is not the one that the study began with:\n"
          + differences.map { "  \($0)" }.joined(separator: "\n") + "\n",
        remedy: "Restore the spec to go on, or choose a new folder with --output for the changed one.")
    }
    guard stored.identity == given.identity, old == new else {
      throw CoordinationError(
        .studyChanged,
        "The network or the data is not the one that the study began with "
          + "(identity \(stored.identity.short), now \(given.identity.short)).",
        remedy: "Restore the files to go on, or choose a new folder with --output.")
    }
  }
}
