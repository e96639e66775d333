/// A small, fast, reproducible random generator: xoshiro256** (Blackman and Vigna 2018), seeded through SplitMix64.
///
/// Every random choice in Coppice names its stream, so that two consumers of one seed never share numbers and adding
/// a consumer never shifts another's. What is made of the numbers is our own too: the standard library's ways to shuffle and to
/// choose may change with any release of Swift, and with them every study's results.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  /// A generator for one named use of a seed; equal arguments give equal sequences on every machine.
  package init(seed: UInt64, stream: String) {
    self.init(seed: Self.derivedSeed(seed, stream: stream))
  }

  package init(seed: UInt64) {
    var mix = SplitMix64(state: seed)
    state = (mix.next(), mix.next(), mix.next(), mix.next())
  }

  /// A 64-bit seed for one named use, for generators that are not ours (libtorch's, say).
  package static func derivedSeed(_ seed: UInt64, stream: String) -> UInt64 {
    // FNV-1a over the name, then mixed with the seed: not Swift's Hasher, whose keys change with each process.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in stream.utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }
    var mix = SplitMix64(state: seed ^ hash)
    return mix.next()
  }

  package mutating func next() -> UInt64 {
    let result = rotateLeft(state.1 &* 5, 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = rotateLeft(state.3, 45)
    return result
  }

  /// A number in [0, 1) with 53 random bits.
  package mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  private func rotateLeft(_ value: UInt64, _ count: UInt64) -> UInt64 {
    (value << count) | (value >> (64 - count))
  }
}

/// Spreads one word of seed over a larger state (Steele, Lea and Flood 2014).
private struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
