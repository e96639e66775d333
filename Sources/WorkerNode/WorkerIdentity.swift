import StudyModel

/// What a worker says of itself.
package struct WorkerIdentity: Hashable, Sendable {
  package var build: String
  package var host: String
  package var label: String
  package var processID: UInt32
  package var device: String
  /// Of the engine that runs its evaluations; nil where that makes no figures of its own.
  package var engine: EngineIdentity?

  package init(
    build: String, host: String, label: String, processID: UInt32, device: String, engine: EngineIdentity? = nil
  ) {
    self.build = build
    self.host = host
    self.label = label
    self.processID = processID
    self.device = device
    self.engine = engine
  }
}
