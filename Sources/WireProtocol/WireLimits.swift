/// The sizes that both ends agree on without asking.
package enum WireLimits {
  package static let headerBytes = 24
  /// Bytes of one frame's body. What can be larger travels as an artifact.
  package static let bodyBytes = 64 * 1024
  /// Bytes of one message on an engine's pipes.
  package static let pipeMessageBytes = 1 << 20
  /// Bytes of the end of an engine's output that a failure carries.
  package static let logTailBytes = 8 * 1024
  /// Bytes of a name, a label or a step.
  package static let nameBytes = 256
  /// Bytes of a sentence for people.
  package static let textBytes = 4 * 1024
  /// The minor versions of the protocol that this build speaks.
  package static let protocolVersions: ClosedRange<UInt32> = 1...1
}
