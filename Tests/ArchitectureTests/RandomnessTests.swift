import Foundation
import Testing

/// Holds all random choices to `SeededGenerator`: what the standard library or C makes of random numbers may change with any
/// release, and with it the results of every study.
@Suite struct RandomnessTests {
  /// The calls in a text that choose by other means, comments left out.
  static func foreignChoices(in text: String) -> [String] {
    text.split(separator: "\n").flatMap { line -> [String] in
      let code = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
      return code.matches(
        of:
          /\.shuffled?\((?:using:[^)]*)?\)|\.randomElement\([^)]*\)|\.random\((?:in|using):|\.next\(upperBound:|\b(?:arc4random\w*|[dl]rand48|srand|srandom)\(|\b(?:rand|random)\(\)/
      ).map { String($0.0) }
    }
  }

  @Test func foreignChoicesAreFound() {
    let text = """
      a.shuffled(using: &g); b.shuffle(using: &g); c.shuffled(); d.shuffle()
      e.randomElement(using: &g); f.randomElement(); Int.random(in: 0..<3, using: &g); Bool.random(using: &g)
      g.next(upperBound: 4); arc4random_uniform(3); drand48(); rand()
      // h.shuffled()
      generator.shuffled(list); generator.shuffle(&list); .shuffled(seed: 3); builder.shuffle(name, x); .random(shape: [2])
      """
    #expect(Self.foreignChoices(in: text).count == 12)
    #expect(Self.foreignChoices(in: "TopologyZoo.operand(); case random; ReferenceTensor.random(shape: [3])").isEmpty)
  }

  @Test(arguments: ["Sources", "Tests/TestSupport"])
  func allChoicesAreOurOwn(folder: String) throws {
    let place = FloorsTests.root.appendingPathComponent(folder)
    let files = FileManager.default.enumerator(at: place, includingPropertiesForKeys: nil)?.allObjects ?? []
    let sources = files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
    #expect(sources.count > 5)
    for file in sources {
      let choices = Self.foreignChoices(in: try String(contentsOf: file, encoding: .utf8))
      #expect(
        choices.isEmpty, "\(file.lastPathComponent): \(choices); use SeededGenerator's shuffled, integer and element")
    }
  }
}
