import Foundation
import ModelGraph
import Pruning
import Selection
import Support

/// What a plan left of a network.
package struct PrunedNetwork {
  package var graph: Graph
  /// Kept and all units of each group (or elements of each weight), as `[kept, all]`.
  package var counts: [String: [Int]]
  /// For each group the units that stay, ascending; empty for elements.
  package var keptUnits: [String: [Int]] = [:]
  /// How near the cut came to the plan's target; nil where there was none.
  package var reached: TargetGap?
  /// For each masked weight, whether each element stays, row-major; empty for channels.
  package var masks: [String: [Bool]] = [:]
  private let holdsMasks: Bool
  /// The dense network before the cut where weights that stay were changed; see `PruningOutcome`.
  package var adjusted: Graph?
  /// Of the units that left, those that did nothing; nil for plans that did not look for them, or cut more than once.
  package var redundant: RedundantCounts?

  /// From the units that stay, ascending, of groups with this many units.
  package init(graph: Graph, keptUnits: [String: [Int]], unitCounts: [String: Int]) {
    self.graph = graph
    self.keptUnits = keptUnits
    counts = Dictionary(
      uniqueKeysWithValues: keptUnits.map { name, kept in (name, [kept.count, unitCounts[name] ?? kept.count]) })
    holdsMasks = false
  }

  /// From a network with zeros and the masks of its elements, row-major, true where an element stays.
  package init(graph: Graph, masks: [String: [Bool]]) {
    self.graph = graph
    self.masks = masks
    counts = masks.mapValues { mask in [mask.count { $0 }, mask.count] }
    holdsMasks = true
  }

  /// Names exactly what was kept, so that a rebuilt network can be compared without its weights.
  package var keptDigest: Digest {
    get throws {
      guard holdsMasks else { return try CanonicalBytes.digest(of: keptUnits) }
      var builder = DigestBuilder()
      for (name, mask) in masks.sorted(by: { $0.key < $1.key }) {
        builder.update(Data(name.utf8))
        builder.update(Data(mask.map { $0 ? 1 : 0 }))
      }
      return builder.finalize()
    }
  }
}
