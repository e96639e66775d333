/// An integer that names one kind of thing, so that a trial's number is never taken for a lease's.
package struct Identifier<Kind>: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
  package let value: Int64

  package init(_ value: Int64) { self.value = value }

  package init(from decoder: any Decoder) throws {
    value = try decoder.singleValueContainer().decode(Int64.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(value)
  }

  package var description: String { "\(value)" }
  package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

package enum TrialKind: Sendable {}
package enum LeaseKind: Sendable {}

/// A trial's number within its study, from 1 in the order of creation; 0 is the baseline.
package typealias TrialID = Identifier<TrialKind>

/// A lease's number, never used twice in a study: the fencing token.
package typealias LeaseID = Identifier<LeaseKind>
