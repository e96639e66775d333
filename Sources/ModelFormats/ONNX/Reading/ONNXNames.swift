/// Gives out names that nothing else has. One for the values and one for the nodes of a network that is read.
final class ONNXNames {
  private var taken: Set<String>
  /// Where the search for a free suffix goes on, so that a file full of one name costs no quadratic time.
  private var nextSuffix: [String: Int] = [:]

  init(taken: Set<String> = []) {
    self.taken = taken
  }

  /// `wish`, or where it is taken, `wish` and a number.
  func fresh(_ wish: String) -> String {
    if taken.insert(wish).inserted { return wish }
    var suffix = nextSuffix[wish] ?? 2
    while !taken.insert("\(wish)_\(suffix)").inserted { suffix += 1 }
    nextSuffix[wish] = suffix + 1
    return "\(wish)_\(suffix)"
  }
}
