import ChannelGroups

/// The N:M pattern: of every run of `of` elements along a weight's input axis the `kept` most important stay.
enum RunMask {
  /// Row-major. Runs begin at index 0 of the axis, for each output and kernel position; what is left behind the last whole run
  /// stays. Of equal scores the lower index leaves first.
  static func mask(_ weight: PrunableWeight, scores: [Float], kept: Int, of run: Int) -> [Bool] {
    var mask = Array(repeating: true, count: weight.count)
    guard let axis = weight.axes.input, weight.shape.indices.contains(axis) else { return mask }
    let length = weight.shape[axis]
    let inner = weight.shape[(axis + 1)...].reduce(1, *)
    let outer = weight.shape[..<axis].reduce(1, *)
    var order = Array(0..<run)
    for block in 0..<outer {
      for start in stride(from: 0, through: length - run, by: run) {
        for position in 0..<inner {
          func place(_ index: Int) -> Int { (block * length + start + index) * inner + position }
          for index in 0..<run { order[index] = index }
          order.sort { (scores[place($0)], $0) < (scores[place($1)], $1) }
          for index in order.prefix(run - kept) { mask[place(index)] = false }
        }
      }
    }
    return mask
  }
}
