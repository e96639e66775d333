import StudyModel

/// Turns a sparsity that is a share of the original network into one of the network that earlier cuts have left, so
/// that one selection on the present network meets it exactly.
///
/// With N units originally, M present and a share s, `floor((1 - s) N)` may stay: the present share is that which
/// leaves exactly as many of M. Where fewer are present already, nothing more leaves.
package struct RemainingSparsity: Sendable {
  /// A group, a weight, or the whole network, with what a sparsity counts of it.
  package struct Item: Sendable, Hashable {
    package var name: String
    /// The name under which a plan may give it a share of its own.
    package var key: String
    package var original: Int
    package var present: Int

    package init(name: String, key: String? = nil, original: Int, present: Int) {
      self.name = name
      self.key = key ?? name
      self.original = original
      self.present = present
    }
  }

  package let scope: Scope
  package let sparsity: Sparsity

  package init(_ sparsity: Sparsity, scope: Scope, items: [Item]) {
    switch sparsity {
    case .threshold:
      (self.scope, self.sparsity) = (scope, sparsity)
    case .perGroup(let shares):
      self.scope = .perGroup
      self.sparsity = Self.each(items) { shares[$0.key] ?? 0 }
    case .uniform(let share):
      switch scope {
      case .global, .layersThenWeights:
        self.scope = scope
        self.sparsity = .uniform(
          Self.remaining(
            share, original: items.reduce(0) { $0 + $1.original }, present: items.reduce(0) { $0 + $1.present }))
      case .local, .perGroup, .row:
        self.scope = .perGroup
        self.sparsity = Self.each(items) { _ in share }
      }
    }
  }

  private static func each(_ items: [Item], share: (Item) -> Double) -> Sparsity {
    .perGroup(
      Dictionary(
        items.map { ($0.name, remaining(share($0), original: $0.original, present: $0.present)) },
        uniquingKeysWith: max))
  }

  /// A quarter of a unit above the whole number that may stay, so that rounding down finds it whatever the last bits
  /// are.
  static func remaining(_ share: Double, original: Int, present: Int) -> Double {
    let budget = PlanSelection.budget(original, share)
    guard present > 0, budget < present else { return 0 }
    return 1 - (Double(max(budget, 0)) + 0.25) / Double(present)
  }
}
