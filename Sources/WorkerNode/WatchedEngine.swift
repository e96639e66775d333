import Transport

/// A running engine with the tokens under which its descriptors are polled.
struct WatchedEngine {
  let process: EngineProcess
  var end: Poller.Token?
  /// Nil once the engine has closed it or broken its protocol.
  var events: Poller.Token?
  var log: Poller.Token?
  /// Set only while commands wait for room.
  var commands: Poller.Token?
}
