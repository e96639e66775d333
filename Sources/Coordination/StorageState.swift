import StudyModel
import Support

/// What a coordinator knows of its study's disk. Nothing of it must survive: the next one looks for itself.
struct StorageState {
  /// Checkpoints that records name and that are not there, or not whole.
  var absent: Set<Digest> = []
  /// Those that an engine could not read, although they may be there.
  var damaged: Set<Digest> = []
  /// Evaluations whose checkpoints were removed on purpose, by this coordinator or an earlier one.
  var evicted: Set<EvaluationKey> = []
  /// Why no work is given out.
  var shortage: DiskShortage?
  /// To be removed once this event's changes are stored.
  var leaving: [Digest] = []
}
