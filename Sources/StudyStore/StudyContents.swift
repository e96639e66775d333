/// All that a study's database holds and what of it cannot be used: the rest is whole.
package struct StudyContents: Sendable {
  package var header: StudyHeader
  /// Without what the damage took. An evaluation whose result is damaged waits again in it.
  package var snapshot: StudySnapshot
  /// Oldest first.
  package var history: [HistoryEvent]
  package var damage: [DamagedRow]
}
