import Support
import Testing

@Suite struct SeededGeneratorTests {
  /// The same on every machine and in every process, for ever: studies are repeated by it. The first numbers come from an
  /// independent implementation (Goldens/xoshiro.py).
  @Test func sequenceIsFixed() {
    var generator = SeededGenerator(seed: 42)
    let numbers = (0..<4).map { _ in generator.next() }
    #expect(numbers == [0x15780b2e0c2ec716, 0x6104d9866d113a7e, 0xae17533239e499a1, 0xecb8ad4703b360a1])
    #expect(SeededGenerator.derivedSeed(7, stream: "scores") == 0x357a1b52bed1a4fb)
  }

  @Test func streamsOfOneSeedDiffer() {
    var streams = ["a", "b", ""].map { SeededGenerator(seed: 1, stream: $0) }
    let firsts = streams.indices.map { streams[$0].next() }
    #expect(Set(firsts).count == 3)
  }

  @Test func uniformNumbersFillTheUnitInterval() {
    var generator = SeededGenerator(seed: 3, stream: "uniform")
    let numbers = (0..<20_000).map { _ in generator.uniform() }
    #expect(numbers.allSatisfy { (0..<1).contains($0) })
    let mean = numbers.reduce(0, +) / 20_000
    // Three standard errors of a uniform mean: 3 * sqrt(1 / 12 / 20000).
    #expect(abs(mean - 0.5) < 0.0062)
    let tenths = numbers.reduce(into: [Int](repeating: 0, count: 10)) { $0[Int($1 * 10)] += 1 }
    // Chi-square with 9 degrees of freedom exceeds 27.9 once in a thousand seeds.
    let chiSquare = tenths.reduce(0.0) { $0 + Double(($1 - 2000) * ($1 - 2000)) / 2000 }
    #expect(chiSquare < 27.9)
  }

  @Test func integersStayBelowTheirBound() {
    var generator = SeededGenerator(seed: 5)
    let numbers = (0..<500).map { _ in generator.integer(below: 7) }
    #expect(Set(numbers) == Set(0..<7))
  }
}
