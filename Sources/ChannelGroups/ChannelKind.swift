/// Which channels compete, and how finely they leave.
package enum ChannelKind: String, Sendable, Hashable, CaseIterable {
  /// Every channel, filter, neuron and recurrent unit by itself.
  case channel
  /// Whole rows of a cut: attention heads, with the query heads that share a key-value head, and groups of grouped convolutions.
  case head
  /// Units that only recurrent layers produce.
  case recurrent
}
