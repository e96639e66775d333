import Support

/// Why channels cannot be removed as asked.
package struct ChannelGroupError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    /// No group that can be pruned has that name.
    case unknownGroup
    /// Indices that are out of range, not ascending, or break a constraint of their group.
    case invalidSelection
    /// Nothing would be left of an axis.
    case emptiedAxis
    /// The network is not the one that was analysed.
    case differentNetwork
  }

  package let code: Code
  package let message: String
  package let remedy: String?
  package var exitCode: ExitCode { code == .differentNetwork ? .badData : .configuration }

  package init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }
}
