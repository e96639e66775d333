import StudyModel

/// What a sampler needs to know of what a plan can give a share of its own.
package struct GroupSummary: Sendable, Hashable {
  package let name: String
  /// How many channels (or weights) the group has.
  package let units: Int
  /// For which granularity it is a group: channels leave by groups of layers, weights by layers; nil for all.
  package let granularity: Granularity?

  package init(name: String, units: Int, granularity: Granularity? = nil) {
    self.name = name
    self.units = units
    self.granularity = granularity
  }
}
