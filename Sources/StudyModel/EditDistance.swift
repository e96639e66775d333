/// Levenshtein's distance (1965), for naming the word that somebody meant.
package enum EditDistance {
  /// Insertions, deletions and replacements of characters that turn one text into the other; O(n m).
  package static func between(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left), Array(right))
    var row = Array(0...right.count)
    for (i, character) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in right.enumerated() {
        let replaced = diagonal + (character == other ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
      }
    }
    return row[right.count]
  }

  /// The candidate that is nearest to `word`, the first one of equals; nil when there is none.
  package static func nearest(to word: String, among candidates: [String]) -> String? {
    candidates.min { between(word.lowercased(), $0.lowercased()) < between(word.lowercased(), $1.lowercased()) }
  }
}
