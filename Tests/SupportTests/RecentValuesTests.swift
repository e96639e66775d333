import Support
import Testing

@Suite struct RecentValuesTests {
  @Test func theValueThatWasNotUsedForLongestLeaves() {
    var values = RecentValues<String, Int>(byteLimit: 10)
    values.keep(1, bytes: 4, for: "a")
    values.keep(2, bytes: 4, for: "b")
    #expect(values.value(for: "a") == 1)
    values.keep(3, bytes: 4, for: "c")
    #expect(values.value(for: "b") == nil)
    #expect(values.value(for: "a") == 1 && values.value(for: "c") == 3)
    #expect(values.byteCount == 8)
  }

  @Test func aValueLargerThanTheLimitIsNotKeptAndCostsNoOther() {
    var values = RecentValues<String, Int>(byteLimit: 10)
    values.keep(1, bytes: 10, for: "a")
    values.keep(2, bytes: 11, for: "b")
    #expect(values.value(for: "b") == nil && values.value(for: "a") == 1)
    // In place of an earlier one under its key there is none.
    values.keep(3, bytes: 11, for: "a")
    #expect(values.value(for: "a") == nil && values.byteCount == 0)
    values.keep(4, bytes: .max, for: "a")
    #expect(values.byteCount == 0)
  }

  /// Against a list in the order of use.
  @Test(arguments: UInt64(0)..<20) func agreesWithAPlainList(seed: UInt64) {
    var generator = SeededGenerator(seed: seed, stream: "recent-values")
    var values = RecentValues<Int, Int>(byteLimit: 50)
    var list: [(key: Int, value: Int, bytes: Int)] = []
    for step in 0..<400 {
      let key = generator.integer(below: 12)
      if generator.integer(below: 2) == 0 {
        let bytes = generator.integer(below: 60)
        values.keep(step, bytes: bytes, for: key)
        list.removeAll { $0.key == key }
        if bytes <= 50 {
          list.append((key, step, bytes))
          while list.reduce(0, { $0 + $1.bytes }) > 50 { list.removeFirst() }
        }
      } else {
        let found = list.firstIndex { $0.key == key }
        #expect(values.value(for: key) == found.map { list[$0].value })
        if let found { list.append(list.remove(at: found)) }
      }
      #expect(values.byteCount == list.reduce(0) { $0 + $1.bytes })
      #expect(values.byteCount <= values.byteLimit)
    }
  }
}
