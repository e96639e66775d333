/// Where a coordinator keeps what must survive it.
package protocol StudyJournal: AnyObject {
  /// Stores all changes, or none and throws; when it returns they survive a loss of power.
  ///
  /// `elapsed` is how long the search has run, in seconds.
  func commit(_ changes: [StudyChange], elapsed: Double) throws
  /// Everything that is stored.
  func snapshot() throws -> StudySnapshot
  /// The history, oldest first.
  func history() throws -> [HistoryEvent]
}

/// A journal that lasts as long as its process: for simulations.
package final class InMemoryJournal: StudyJournal {
  private var state = StudySnapshot()
  private var events: [HistoryEvent] = []

  package init() {}

  package func commit(_ changes: [StudyChange], elapsed: Double) throws {
    try state.apply(changes, elapsed: elapsed)
    // The epoch is the one that begins, where one of the changes begins one: they come first.
    events += changes.map { HistoryEvent($0, epoch: state.epoch, at: elapsed) }
  }

  package func snapshot() -> StudySnapshot { state }
  package func history() -> [HistoryEvent] { events }
}
