/// Lists of numbers that grow at their ends; equal ones are made once, so that whole lists compare by their numbers. Number 0 is
/// the empty list.
struct InternedLists {
  private struct Step: Hashable {
    var list: Int
    var element: Int
  }

  private(set) var lists: [[Int]] = [[]]
  private var longer: [Step: Int] = [:]

  subscript(list: Int) -> [Int] { lists[list] }

  /// The number of a list with one more element at its end.
  mutating func appending(_ element: Int, to list: Int) -> Int {
    let step = Step(list: list, element: element)
    if let known = longer[step] { return known }
    longer[step] = lists.count
    lists.append(lists[list] + [element])
    return lists.count - 1
  }
}
