import ChannelGroups

extension ChannelGroup {
  /// The group as a layer set lets it be pruned: nil when a layer that all units are a part of stays whole. Residual branches have
  /// layers of their own; one with a layer outside the set is a unit that always stays, and still counts among the group's units.
  package func admitted(by layers: LayerAdmission) -> ChannelGroup? {
    if !holdsBranches { return self.layers.allSatisfy(layers.contains) ? self : nil }
    let staying = units.indices.filter { !units[$0].layers.allSatisfy(layers.contains) }
    guard staying.count < units.count else { return nil }
    var group = self
    group.floors += staying.map { [$0] }
    return group
  }
}
