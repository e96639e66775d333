/// Names the word that somebody meant, where one of the known words is like what was written.
package enum Spelling {
  /// Insertions, deletions, replacements and swaps of neighbouring characters that turn one text into the other, each place
  /// changed once at most (optimal string alignment); O(n m).
  package static func distance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left), Array(right))
    var (beforeLast, last) = ([Int](), Array(0...right.count))
    for i in left.indices {
      var row = [i + 1]
      for j in right.indices {
        let replaced = last[j] + (left[i] == right[j] ? 0 : 1)
        var least = min(replaced, last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { least = min(least, beforeLast[j - 1] + 1) }
        row.append(least)
      }
      (beforeLast, last) = (last, row)
    }
    return last[right.count]
  }

  /// The first of the candidates that are most like `word`, upper and lower case alike; nil where none is like it.
  ///
  /// A candidate is like the word when a third of the longer one's characters differ at most (one in short words, but never
  /// all), or when the word, of two characters or more, is the beginning of it: 'acc' is like 'accuracy', not like 'macs'.
  package static func nearest(to word: String, among candidates: [String]) -> String? {
    let word = word.lowercased()
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
      let other = candidate.lowercased()
      let distance = distance(word, other)
      let allowed = max(1, max(word.count, other.count) / 3)
      guard distance <= allowed, distance < min(word.count, other.count) || distance == 0 else { continue }
      if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    if let best { return best.candidate }
    guard word.count >= 2 else { return nil }
    return candidates.filter { $0.lowercased().hasPrefix(word) }.min { $0.count < $1.count }
  }

  /// What an error adds behind "there is no ...": "; the nearest is 'x'", or nothing where no candidate is like the word.
  package static func hint(for word: String, among candidates: [String]) -> String {
    nearest(to: word, among: candidates).map { "; the nearest is '\($0)'" } ?? ""
  }
}
