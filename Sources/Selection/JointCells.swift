/// The cells of several weights in one ranking, the lowest of which leave; ties go by weight and index.
struct JointCells {
  private let parts: [(weight: Int, count: Int)]
  private let scores: [Double]
  private let locked: [Bool]

  var count: Int { scores.count }

  /// Each weight's position, with the scores of its cells and whether each has to stay.
  init(_ weights: [(weight: Int, scores: [Double], locked: [Bool])]) {
    parts = weights.map { ($0.weight, $0.scores.count) }
    scores = weights.flatMap(\.scores)
    locked = weights.flatMap(\.locked)
  }

  /// The places of the lowest cells that may leave, at most `number`.
  ///
  /// Sorting bare numbers for a threshold is faster than sorting places.
  func lowest(_ number: Int, among isCandidate: (Int) -> Bool = { _ in true }) -> [Int] {
    let candidates = scores.indices.filter { !locked[$0] && isCandidate($0) }
    let number = min(number, candidates.count)
    guard number > 0 else { return [] }
    let sorted = candidates.map { scores[$0] }.sorted()
    let threshold = sorted[number - 1]
    var atThreshold = number - sorted[..<number].count { $0 < threshold }
    return candidates.filter { place in
      if scores[place] < threshold { return true }
      guard scores[place] == threshold, atThreshold > 0 else { return false }
      atThreshold -= 1
      return true
    }
  }

  /// The fewest of the lowest cells whose costs sum up to at least `need`, and all that cost nothing; `last` is the cost of the
  /// most important one that leaves.
  func lowest(costing need: Int, _ costs: [Int]) -> (places: [Int], cost: Int, last: Int) {
    let free = scores.indices.filter { !locked[$0] && costs[$0] == 0 }
    if costs.allSatisfy({ $0 <= 1 }) {
      let taken = lowest(max(need, 0)) { costs[$0] == 1 }
      return (free + taken, taken.count, taken.isEmpty ? 0 : 1)
    }
    var taken: [Int] = []
    var (cost, last) = (0, 0)
    let order = scores.indices.filter { !locked[$0] && costs[$0] > 0 }.sorted { (scores[$0], $0) < (scores[$1], $1) }
    for place in order where cost < need {
      taken.append(place)
      cost += costs[place]
      last = costs[place]
    }
    return (free + taken, cost, last)
  }

  /// True for all cells but those at `removed`.
  func keeping(_ removed: [Int]) -> [Bool] {
    var mask = Array(repeating: true, count: count)
    for place in removed { mask[place] = false }
    return mask
  }

  /// Hands each weight its part of a mask.
  func distribute(_ mask: [Bool], to weights: inout [[Bool]]) {
    var start = 0
    for part in parts {
      weights[part.weight] = Array(mask[start..<start + part.count])
      start += part.count
    }
  }
}
