/// Every interval and limit of a worker, in seconds, as one value: tests run on a clock of their own.
package struct WorkerTimings: Hashable, Sendable {
  /// Between HELLOs: up to the first value, doubled each time up to the second, with full jitter.
  package var helloRetryFirst = 0.25
  package var helloRetryMaximum = 30.0
  /// Until a WELCOME says otherwise.
  package var heartbeatInterval = 5.0
  /// PINGs at most in a heartbeat interval while the work goes from step to step; without news there is one.
  package var pingsPerHeartbeat = 10.0
  /// Heartbeat intervals of silence after which the coordinator counts as gone.
  package var silentHeartbeats = 3.0
  /// Between repetitions of an unacknowledged RESULT or FAIL, doubled each time.
  package var reportRetryFirst = 5.0
  package var reportRetryMaximum = 60.0
  /// Without a coordinator; until a WELCOME says otherwise.
  package var orphanLimit = 1800.0
  /// Of a busy engine that says nothing.
  package var engineSilenceLimit = 600.0
  /// Before an engine is started after one that died, doubled for each that dies before it brought a result.
  package var engineBackoffFirst = 1.0
  package var engineBackoffMaximum = 60.0
  /// Engines in a row that cannot be started before the worker ends: for causes that stay, and for those that may pass.
  package var engineStartLimit = 4
  package var engineStartRetryLimit = 10
  /// A worker that runs so late was suspended: its limits are extended by the gap.
  package var lateLimit = 10.0

  package init() {}
}
