import Foundation
import Support

extension PruningPlan {
  /// The key of a network's metadata under which the canonical bytes of the plan that made it travel.
  package static let metadataKey = "coppice.plan"

  /// The plan that made a network, from its metadata; nil when none is there or it is of a later version.
  package init?(metadata: [String: String]) {
    guard let text = metadata[Self.metadataKey],
      let plan = try? CanonicalBytes.decode(PruningPlan.self, from: Data(text.utf8))
    else { return nil }
    self = plan
  }
}
