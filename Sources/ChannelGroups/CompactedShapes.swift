import ModelGraph

/// The shapes of a network without some components, from its arrays alone.
struct CompactedShapes {
  let analysis: ChannelAnalysis
  let removed: [Bool]
  /// For each array, what stays along each of its axes.
  private let sizes: [[Int]]
  /// For each array, whether something of it leaves.
  private let changes: [Bool]

  /// Throws `ChannelGroupError` when nothing would stay of an array, or no grid.
  init(_ analysis: ChannelAnalysis, keeping: [String: [Int]]) throws {
    self.analysis = analysis
    let removed = try analysis.removed(keeping: keeping)
    self.removed = removed
    changes = analysis.arrays.map { array in array.atoms.contains { removed[$0] } }
    var sizes: [[Int]] = []
    var failures = Set<Int>()
    for (position, array) in analysis.arrays.enumerated() {
      guard changes[position] else {
        sizes.append(array.sizes)
        continue
      }
      let kept = array.keptSizes(removed)
      if kept == nil || kept?.contains(0) == true { failures.insert(position) }
      sizes.append(kept ?? array.sizes)
    }
    self.sizes = sizes
    if !failures.isEmpty { throw refusal(failures) }
  }

  private func refusal(_ failures: Set<Int>) -> ChannelGroupError {
    for value in analysis.labels.keys.sorted() {
      for label in analysis.labels[value] ?? [] where failures.contains(label.array) {
        let array = analysis.arrays[label.array]
        if array.atoms.allSatisfy({ removed[$0] }) {
          return ChannelGroupError(
            .emptiedAxis,
            "Nothing would be left of axis \(label.axes[0]) of '\(value)', which has \(array.atoms.count) channels.",
            remedy: "Keep at least one of them.")
        }
        return ChannelGroupError(
          .invalidSelection,
          "What stays of axes \(label.axes) of '\(value)' is no grid: its rows keep different counts.",
          remedy: "Keep equal counts of the units in each row of \(array.sizes).")
      }
    }
    return ChannelGroupError(.emptiedAxis, "Nothing would be left of a weight.", remedy: "Keep more units.")
  }

  /// True when something leaves at all.
  var changesAnything: Bool { removed.contains(true) }

  func changes(_ label: ValueLabel) -> Bool { changes[label.array] }

  func changes(_ value: String) -> Bool { (analysis.labels[value] ?? []).contains { changes[$0.array] } }

  func sizes(_ label: ValueLabel) -> [Int] { sizes[label.array] }

  func sizes(_ face: LabelledFace) -> [Int] { sizes[face.array] }

  func changes(_ face: LabelledFace) -> Bool { changes[face.array] }

  /// The label of a value that lies on an axis, if some of it leaves.
  func changedLabel(_ value: String, axis: Int) -> (label: ValueLabel, place: Int)? {
    for label in analysis.labels[value] ?? [] where changes[label.array] {
      if let place = label.axes.firstIndex(of: axis) { return (label, place) }
    }
    return nil
  }

  func dense(_ value: String) -> [Int] { analysis.shapes[value] ?? [] }

  func shape(_ value: String) -> [Int] {
    var shape = analysis.shapes[value] ?? []
    for label in analysis.labels[value] ?? [] where changes[label.array] {
      for (axis, size) in zip(label.axes, sizes[label.array]) { shape[axis] = size }
    }
    guard let faces = analysis.facesOfWeight[value] else { return shape }
    var own = shape
    for position in faces where changes[analysis.faces[position].array] {
      let entry = analysis.faces[position]
      var view = entry.face.view
      for other in faces where analysis.faces[other].face.view == entry.face.view {
        for (axis, size) in zip(analysis.faces[other].face.axes, sizes[analysis.faces[other].array]) {
          view[axis] = size
        }
      }
      let owners = WeightFace.owners(view: entry.face.view, shape: analysis.shapes[value] ?? [])
      own = Array(repeating: 1, count: shape.count)
      for (axis, owner) in owners.enumerated() { own[owner] *= view[axis] }
      break
    }
    return own
  }

  /// How many entries of a line along one axis of a label stay within a range of it; the lines of all rows agree.
  func keptCount(_ label: ValueLabel, place: Int, in range: Range<Int>) -> Int {
    if range.isEmpty { return 0 }
    let array = analysis.arrays[label.array]
    return array.gathering(Array(range), axis: place).keptSizes(removed)?[place] ?? range.count
  }

  /// For each position along an axis of a label, its place among those that stay, or nil; taken from the first row that stays.
  func keptPlaces(_ label: ValueLabel, place: Int) -> [Int?] {
    let array = analysis.arrays[label.array]
    let inner = array.sizes[(place + 1)...].reduce(1, *)
    let size = array.sizes[place]
    let outer = array.sizes[..<place].reduce(1, *)
    for row in 0..<outer {
      var count = 0
      let places = (0..<size).map { position -> Int? in
        let start = (row * size + position) * inner
        guard array.atoms[start..<start + inner].contains(where: { !removed[$0] }) else { return nil }
        count += 1
        return count - 1
      }
      if count > 0 { return places }
    }
    return Array(repeating: nil, count: size)
  }
}
