import Support

/// In which order training samples come: whole batches from one seeded permutation after another.
///
/// Within a permutation no sample comes twice. Where fewer than a batch are left of one, they are passed over and the next
/// permutation begins (PyTorch's drop-last; another few are passed over each time). An epoch shorter than the training split
/// therefore continues where the last one stopped, and sees other samples than it, until all have had their turn.
package struct SampleOrder: Sendable {
  package let count: Int
  package let batchSize: Int
  private let seed: UInt64
  private var round = 0
  private var cursor = 0
  private var permutation: [Int64]

  /// `count` samples in batches of `batchSize`, or of `count` where there are fewer; both must be positive.
  package init(count: Int, batchSize: Int, seed: UInt64) {
    precondition(count > 0 && batchSize > 0, "an order of \(count) samples in batches of \(batchSize)")
    self.count = count
    self.batchSize = min(batchSize, count)
    self.seed = seed
    permutation = Self.permutation(of: count, round: 0, seed: seed)
  }

  /// The positions of the next batch, 0..<count.
  package mutating func next() -> [Int64] {
    if cursor + batchSize > count { enter(round: round + 1) }
    defer { cursor += batchSize }
    return Array(permutation[cursor..<(cursor + batchSize)])
  }

  /// Passes over `batches` batches in constant time for each permutation left behind.
  package mutating func skip(batches: Int) {
    let perRound = count / batchSize
    let target = round * perRound + cursor / batchSize + batches
    if target / perRound != round { enter(round: target / perRound) }
    cursor = target % perRound * batchSize
  }

  private mutating func enter(round newRound: Int) {
    round = newRound
    cursor = 0
    permutation = Self.permutation(of: count, round: round, seed: seed)
  }

  private static func permutation(of count: Int, round: Int, seed: UInt64) -> [Int64] {
    var generator = SeededGenerator(seed: seed, stream: "order/\(round)")
    return generator.shuffled(0..<Int64(count))
  }
}
