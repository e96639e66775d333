import Synchronization

/// A number that several threads change.
package final class Counter: Sendable {
  private let count = Atomic<Int>(0)

  package init() {}

  package var value: Int { count.load(ordering: .sequentiallyConsistent) }

  /// One more; returns what it is then.
  package func raise() -> Int { count.add(1, ordering: .sequentiallyConsistent).newValue }

  package func lower() { count.subtract(1, ordering: .sequentiallyConsistent) }
}
