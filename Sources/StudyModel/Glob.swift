/// Names with wildcards, as shells know them: `*` for any run of characters and `?` for one.
package enum Glob {
  /// Linear in the name for each star of the pattern.
  package static func matches(_ name: String, pattern: String) -> Bool {
    let (name, pattern) = (Array(name), Array(pattern))
    var (position, place) = (0, 0)
    var retry: (place: Int, position: Int)?
    while position < name.count {
      if place < pattern.count, pattern[place] == "*" {
        retry = (place, position)
        place += 1
      } else if place < pattern.count, pattern[place] == "?" || pattern[place] == name[position] {
        place += 1
        position += 1
      } else if let last = retry {
        retry = (last.place, last.position + 1)
        place = last.place + 1
        position = last.position + 1
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy { $0 == "*" }
  }
}
