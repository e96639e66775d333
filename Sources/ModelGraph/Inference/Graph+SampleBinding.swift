// Sizes for symbolic axes: a network says that an axis is free, but not which sizes it can run at.
extension Graph {
  private static let candidates = [2, 3, 4, 8, 16, 32, 64, 100, 128, 224, 256, 299, 512]
  /// Tried in all combinations where one size for all axes does not do; few, since their power counts.
  private static let fewCandidates = [1, 4, 16, 64, 224]

  /// A size for each symbolic axis under which shapes follow and no output is empty: 1 for all where that goes, else one
  /// size for all but the batch, else a combination. Where outputs are empty at every size, 1 for all; throws the error of all
  /// ones when shapes do not follow at any.
  package func sampleBinding() throws -> [String: Int] {
    let names = symbolicAxes
    let ones = Dictionary(uniqueKeysWithValues: names.map { ($0, 1) })
    if names.isEmpty { return [:] }
    // Nil where sizes of one go, but leave an output empty.
    var failure: (any Error)?
    do {
      if try accepts(ones) { return ones }
    } catch {
      failure = error
    }
    let free = names.filter { !batchAxes.contains($0) }
    for size in Self.candidates where !free.isEmpty {
      let binding = ones.merging(free.map { ($0, size) }) { $1 }
      if (try? accepts(binding)) == true { return binding }
    }
    func settle() throws -> [String: Int] {
      if let failure { throw failure }
      return ones
    }
    guard free.count > 1, free.count <= 3 else { return try settle() }
    var combinations: [[Int]] = [[]]
    for _ in free { combinations = combinations.flatMap { start in Self.fewCandidates.map { start + [$0] } } }
    for sizes in combinations {
      let binding = ones.merging(zip(free, sizes)) { $1 }
      if (try? accepts(binding)) == true { return binding }
    }
    return try settle()
  }

  /// Up to three bindings that differ in the batch, then in all other axes, each axis in its own way where that goes:
  /// what stays equal in all does not depend on a symbolic axis.
  package func probes() throws -> [[String: Int]] {
    let base = try sampleBinding()
    var found = [base]
    let batch = symbolicAxes.filter { batchAxes.contains($0) }
    let free = symbolicAxes.filter { !batchAxes.contains($0) }
    if !batch.isEmpty {
      let binding = base.merging(batch.enumerated().map { ($1, 2 + $0) }) { $1 }
      if (try? accepts(binding)) == true { found.append(binding) }
    }
    guard !free.isEmpty else { return found }
    let steps: [(Int) -> [Int]] = [
      { sizes in free.indices.map { sizes * ($0 + 2) } }, { sizes in free.indices.map { sizes + 32 * ($0 + 1) } },
      { sizes in free.map { _ in sizes * 2 } }, { sizes in free.map { _ in sizes + 32 } },
      { sizes in free.map { _ in sizes + 1 } },
    ]
    for step in steps {
      let sizes = free.enumerated().map { place, axis in step(base[axis] ?? 1)[place] }
      let binding = base.merging(zip(free, sizes)) { $1 }
      if (try? accepts(binding)) == true { return found + [binding] }
    }
    return found
  }

  /// The names of all symbolic axes of the inputs, in order.
  package var symbolicAxes: [String] {
    var seen = Set<String>()
    return inputs.flatMap(\.shape).compactMap { dimension in
      if case .symbolic(let name) = dimension, seen.insert(name).inserted { name } else { nil }
    }
  }

  /// Axes that look like the batch: the first of an input, or called so.
  private var batchAxes: Set<String> {
    let names: Set<String> = ["n", "b", "bs", "batch", "batch_size", "batchsize", "batch_dim"]
    let first = inputs.compactMap { input in
      if case .symbolic(let name)? = input.shape.first { name } else { nil }
    }
    return Set(first).union(symbolicAxes.filter { names.contains($0.lowercased()) })
  }

  private func accepts(_ binding: [String: Int]) throws -> Bool {
    let shapes = try shapes(binding: binding)
    return outputs.allSatisfy { shapes[$0.name]?.contains(0) != true }
  }
}

extension Dimension: CustomStringConvertible {
  package var description: String {
    switch self {
    case .fixed(let size): "\(size)"
    case .symbolic(let name): name
    }
  }
}

extension ValueInfo {
  /// The shape as it is written in messages: "[batch, 3, 224, 224]".
  package var shapeText: String { "[\(shape.map(\.description).joined(separator: ", "))]" }
}
