/// Which axes of a reshaped tensor come from which: runs of axes with equal products.
struct AxisFactors {
  struct Run: Hashable {
    var before: Range<Int>
    var after: Range<Int>
  }

  let runs: [Run]

  /// Nil when the products differ or an axis is empty.
  init?(_ before: [Int], _ after: [Int]) {
    guard !before.contains(0), !after.contains(0) else { return nil }
    var runs: [Run] = []
    var (i, j) = (0, 0)
    while i < before.count || j < after.count {
      let (start, other) = (i, j)
      if i < before.count, j < after.count, before[i] == after[j] {
        (i, j) = (i + 1, j + 1)
      } else if i < before.count, before[i] == 1 {
        i += 1
      } else if j < after.count, after[j] == 1 {
        j += 1
      } else {
        guard i < before.count, j < after.count else { return nil }
        var (left, right) = (before[i], after[j])
        (i, j) = (i + 1, j + 1)
        while left != right {
          if left < right {
            guard i < before.count else { return nil }
            left *= before[i]
            i += 1
          } else {
            guard j < after.count else { return nil }
            right *= after[j]
            j += 1
          }
        }
      }
      runs.append(Run(before: start..<i, after: other..<j))
    }
    self.runs = runs
  }
}
