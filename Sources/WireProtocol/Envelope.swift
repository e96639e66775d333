/// A message with what its frame's header says of it.
package struct Envelope<Message: Hashable & Sendable>: Hashable, Sendable {
  /// The coordinator's start that the sender knows; 0 from a worker that has not been welcomed yet.
  package var epoch: UInt64
  /// Counts the sender's messages; grows within one incarnation or epoch.
  package var sequence: UInt64
  package var message: Message

  package init(epoch: UInt64, sequence: UInt64, message: Message) {
    self.epoch = epoch
    self.sequence = sequence
    self.message = message
  }
}
