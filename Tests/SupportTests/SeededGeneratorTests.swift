import Foundation
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

  private struct Choices: Decodable {
    struct Integers: Decodable {
      let bound: UInt64
      let values: [UInt64]
      let next: UInt64
    }
    struct Order: Decodable {
      let count: Int
      let order: [Int]
      let next: UInt64
    }
    let integers: [Integers]
    let orders: [Order]

    /// What an independent implementation (Goldens/xoshiro.py) wrote.
    static func read() throws -> Choices {
      let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "Goldens/choices.json")
      return try JSONDecoder().decode(Choices.self, from: Data(contentsOf: file))
    }
  }

  /// For ever, like the numbers themselves; the number that follows shows that as many were drawn.
  @Test func integersAreFixed() throws {
    let goldens = try Choices.read().integers
    #expect(goldens.count == 22)
    for golden in goldens {
      var generator = SeededGenerator(seed: 11, stream: "below/\(golden.bound)")
      #expect(golden.values.map { _ in generator.integer(below: golden.bound) } == golden.values, "\(golden.bound)")
      #expect(generator.next() == golden.next, "\(golden.bound)")
      guard let bound = Int(exactly: golden.bound) else { continue }
      var signed = SeededGenerator(seed: 11, stream: "below/\(golden.bound)")
      #expect(golden.values.map { _ in UInt64(signed.integer(below: bound)) } == golden.values, "\(golden.bound)")
    }
  }

  @Test func ordersAreFixed() throws {
    let goldens = try Choices.read().orders
    #expect(goldens.map(\.count) == [0, 1, 2, 3, 4, 10, 52, 257])
    for golden in goldens {
      var generator = SeededGenerator(seed: 12, stream: "order/\(golden.count)")
      #expect(generator.shuffled(0..<golden.count) == golden.order)
      #expect(generator.next() == golden.next)
    }
  }

  /// Studies that were made with the standard library's shuffle and choice keep their sequence: the same numbers, as of
  /// Swift 6.3. Should this fail with another Swift, it has changed and we have not; then this test has done its work.
  @Test(arguments: [1, 2, 3, 7, 52, 60_000])
  func choicesAreThoseOfEarlierStudies(count: Int) {
    var (own, theirs) = (SeededGenerator(seed: 9), SeededGenerator(seed: 9))
    #expect(own.shuffled(0..<count) == (0..<count).shuffled(using: &theirs))
    for _ in 0..<20 { #expect(own.integer(below: count) == Int.random(in: 0..<count, using: &theirs)) }
    #expect(own.element(of: Array(0..<count)) == (0..<count).randomElement(using: &theirs))
    #expect(own.next() == theirs.next())
  }

  @Test func nothingIsDrawnForNoValues() {
    var (generator, twin) = (SeededGenerator(seed: 6), SeededGenerator(seed: 6))
    #expect(generator.element(of: [Int]()) == nil && generator.shuffled([Int]()) == [])
    #expect(generator.next() == twin.next())
  }
}
