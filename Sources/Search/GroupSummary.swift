/// What a sampler needs to know of a group of channels that leave together.
package struct GroupSummary: Sendable, Hashable {
  package let name: String
  /// How many channels (or weights) the group has.
  package let units: Int

  package init(name: String, units: Int) {
    self.name = name
    self.units = units
  }
}
