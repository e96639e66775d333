import Support
import Testing

@Suite struct SpellingTests {
  @Test(arguments: [
    ("", "abc", 3), ("kitten", "sitting", 3), ("same", "same", 0), ("flaw", "lawn", 2), ("prnue", "prune", 1),
    // Each place is changed once at most: the swap and the insertion between its two letters are three changes.
    ("ca", "abc", 3),
  ])
  func distancesAreKnownOnes(left: String, right: String, distance: Int) {
    #expect(Spelling.distance(left, right) == distance)
    #expect(Spelling.distance(right, left) == distance)
  }

  @Test(
    arguments: [
      ("acc", ["macs", "size"], nil), ("acc", ["macs", "accuracy"], "accuracy"), ("folder", ["idx", "cifar10"], nil),
      ("entropi", ["entropy", "l1"], "entropy"), ("l3", ["entropy", "l1", "l2"], "l1"), ("prnue", ["prune"], "prune"),
      ("L1", ["l1"], "l1"), ("hi", ["low", "high"], "high"), ("x", ["y", "z"], nil), ("", ["a"], nil), ("a", [], nil),
      ("bottomup", ["top-down", "bottom-up"], "bottom-up"), ("loss", ["l1", "linf"], nil), ("speed", ["seed"], "seed"),
      ("resnet21", ["resnet110", "resnet20"], "resnet20"), ("batch", ["batch-size", "batch-norm"], "batch-size"),
    ] as [(String, [String], String?)])
  func onlyWhatIsAlikeIsNear(word: String, candidates: [String], nearest: String?) {
    #expect(Spelling.nearest(to: word, among: candidates) == nearest)
    #expect(Spelling.hint(for: word, among: candidates) == (nearest.map { "; the nearest is '\($0)'" } ?? ""))
  }
}
