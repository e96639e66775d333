import Tensors
import Testing

extension TensorsTests {
  /// Random tensors: reproducible, separate, and of the right distribution.
  @Suite struct TorchGeneratorTests {
    private func draws(_ generator: TorchGenerator) throws -> [Float] {
      try [
        generator.normal([5]), generator.uniform([5], low: -1, high: 3),
        generator.integers([5], in: -2..<4).to(.float32),
        generator.bernoulli([5], probability: 0.3), generator.permutation(7).to(.float32),
      ].flatMap { try $0.floats }
    }

    @Test func equalSeedsGiveEqualSequences() throws {
      let first = try draws(TorchGenerator(seed: 11))
      #expect(try draws(TorchGenerator(seed: 11)) == first)
      #expect(try draws(TorchGenerator(seed: 12)) != first)
      // High bits of the seed count too.
      #expect(try draws(TorchGenerator(seed: 11 | 1 << 40)) != first)
    }

    @Test func generatorsDoNotShareState() throws {
      let alone = try draws(TorchGenerator(seed: 11))
      let (one, other) = (try TorchGenerator(seed: 11), try TorchGenerator(seed: 99))
      _ = try draws(other)
      #expect(try draws(one) == alone)
      #expect(try draws(one) != alone)
    }

    @Test func distributions() throws {
      let generator = try TorchGenerator(seed: 5)
      let count = 20_000
      let normal = try generator.normal([count])
      // Five standard errors each.
      #expect(abs(try normal.mean().item()) < 5 / Double(count).squareRoot())
      #expect(abs(try normal.variance(unbiased: true).item() - 1) < 5 * (2 / Double(count)).squareRoot())
      let uniform = try generator.uniform([count], low: -1, high: 3)
      #expect(try uniform.min().item() >= -1 && uniform.max().item() < 3)
      #expect(abs(try uniform.mean().item() - 1) < 5 * 1.155 / Double(count).squareRoot())
      let integers = try generator.integers([count], in: -2..<4)
      #expect(try Set(integers.int64s) == [-2, -1, 0, 1, 2, 3])
      let bernoulli = try generator.bernoulli([count], probability: 0.3)
      #expect(abs(try bernoulli.mean().item() - 0.3) < 5 * 0.459 / Double(count).squareRoot())
      #expect(try generator.permutation(100).int64s.sorted() == Array(0..<100))
    }
  }
}
