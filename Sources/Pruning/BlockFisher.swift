import Support
import Tensors

/// The empirical Fisher information of one weight, the mean over samples of g g^T, in blocks of consecutive elements
/// (row-major): the curvature that WoodFisher takes (Singh and Alistarh 2020, section 3), damped.
///
/// g is the gradient of one sample's loss. Blocks are summed and inverted directly, by Cholesky factors; Woodbury's
/// formula, which the paper applies sample by sample, gives the same inverse.
struct BlockFisher {
  /// Elements in a block; the last one is filled up with elements that no sample moves.
  static let width = 128
  /// Added to the diagonal: this share of the weight's mean diagonal.
  static let damping = 0.01
  /// Entries of all blocks that are held at once; more weights take more passes over the samples.
  static let entriesAtOnce = 48 << 20
  /// Samples whose gradients are multiplied together.
  private static let samplesAtOnce = 32
  /// Entries of the parts of blocks that are solved together.
  private static let entriesSolvedAtOnce = 1 << 20

  let shape: [Int]
  let width: Int
  let blocks: Int
  /// `[blocks, width, width]`, float64, damped.
  let matrix: Tensor

  /// Measures the weights, as many at a time as fit, and calls `body` with each in turn.
  ///
  /// For n weights and S samples: S backward passes of one sample, S n `width` products and n `width`^2 for the
  /// inverses.
  static func forEach(
    _ weights: [String], in context: ScoringContext, width: Int, _ body: (String, BlockFisher) throws -> Void
  ) throws {
    var parts: [[String]] = []
    var start = 0
    while start < weights.count {
      var entries = 0
      var end = start
      while end < weights.count {
        let count = try context.tensor(weights[end]).elementCount
        if end > start, entries + count * width > entriesAtOnce { break }
        entries += count * width
        end += 1
      }
      parts.append(Array(weights[start..<end]))
      start = end
    }
    for (number, part) in parts.enumerated() {
      let context = context.part(number, of: parts.count)
      for (weight, fisher) in zip(part, try measured(part, in: context, width: width)) { try body(weight, fisher) }
    }
  }

  private static func measured(
    _ weights: [String], in context: ScoringContext, width: Int
  ) throws -> [BlockFisher] {
    let tensors = try weights.map { try context.tensor($0) }
    let layouts = tensors.map { BlockLayout(shape: $0.shape, width: width) }
    let sums = try zip(tensors, layouts).map { tensor, layout in
      try Tensor.zeros([layout.blocks, layout.width, layout.width], type: .float64, device: tensor.device)
    }
    var samples = 0
    var gradients = [[Tensor]](repeating: [], count: weights.count)
    func addUp() throws {
      for (place, all) in gradients.enumerated() where !all.isEmpty {
        // [blocks, width, samples] times its transpose.
        let columns = try Tensor.stack(all, axis: 2).to(.float64)
        try sums[place].add_(columns.matmul(columns.transpose(1, 2)))
        gradients[place] = []
        try context.progress.report()
      }
    }
    try context.forEachSampleGradient {
      samples += 1
      for (place, weight) in weights.enumerated() {
        let gradient = try context.module.tensor(named: weight)?.grad?.detach() ?? tensors[place].mul(0)
        gradients[place].append(try layouts[place].blocked(gradient))
      }
      if samples % samplesAtOnce == 0 { try addUp() }
    }
    try addUp()
    return try sums.enumerated().map { place, sum in
      let layout = layouts[place]
      try context.progress.report()
      try sum.mul_(1 / Double(max(samples, 1)))
      let trace = try SymmetricMatrix.diagonal(sum).sum().item()
      let extra = max(damping * trace / Double(max(layout.count, 1)), 1e-12)
      try sum.add_(SymmetricMatrix.identity(layout.width, device: sum.device).mul(extra))
      return BlockFisher(layout, matrix: sum)
    }
  }

  private let layout: BlockLayout

  private init(_ layout: BlockLayout, matrix: Tensor) {
    self.layout = layout
    shape = layout.shape
    width = layout.width
    blocks = layout.blocks
    self.matrix = matrix
  }

  /// The loss's growth for each element that leaves alone, all others of its block adjusted: w^2 / (2 [F^-1]_qq).
  func elementScores(_ weight: Tensor) throws -> Tensor {
    let spread = try SymmetricMatrix.diagonal(SymmetricMatrix(matrix).inverted())
    return try layout.unblocked(layout.blocked(weight.to(.float64)).square().div(spread.mul(2)))
  }

  /// The growth when sets of elements leave, each set on its own: w_Q^T ([F^-1]_QQ)^-1 w_Q / 2, summed over blocks.
  ///
  /// A set's parts in the blocks are solved together, as batches of parts of one size.
  func scores(of sets: [[Int]], _ weight: Tensor, progress: WorkProgress = .unwatched) throws -> [Double] {
    var parts: [Int: [(set: Int, elements: [Int])]] = [:]
    for (set, elements) in sets.enumerated() {
      for (_, part) in Dictionary(grouping: elements, by: { $0 / width }).sorted(by: { $0.key < $1.key }) {
        parts[part.count, default: []].append((set, part))
      }
    }
    let inverse = try SymmetricMatrix(matrix).inverted().reshape([blocks * width * width])
    let values = try layout.blocked(weight.to(.float64)).reshape([blocks * width])
    var totals = [Double](repeating: 0, count: sets.count)
    for (size, parts) in parts.sorted(by: { $0.key < $1.key }) {
      let step = max(1, Self.entriesSolvedAtOnce / (size * size))
      for start in stride(from: 0, to: parts.count, by: step) {
        try progress.report()
        let some = parts[start..<min(start + step, parts.count)]
        let square = try inverse.indexSelect(0, places(some.flatMap { squarePlaces($0.elements) }))
        let removed = try values.indexSelect(0, places(some.flatMap(\.elements))).reshape([some.count, size, 1])
        let solved = try SymmetricMatrix(square.reshape([some.count, size, size])).solving(removed)
        for (part, growth) in zip(some, try removed.mul(solved).sum([1, 2]).doubles) { totals[part.set] += growth / 2 }
      }
    }
    return totals
  }

  /// Where the rows and columns of some elements of one block lie among the entries of all blocks.
  private func squarePlaces(_ elements: [Int]) -> [Int] {
    elements.flatMap { row in elements.map { row * width + $0 % width } }
  }

  private func places(_ indices: [Int]) throws -> Tensor {
    try Tensor(int64s: indices.map(Int64.init), shape: [indices.count], device: matrix.device)
  }

  /// The weight without what `mask` (ones and zeros of its shape) takes away, the others of each block at the minimum
  /// of the quadratic: w_K + (F_KK)^-1 F_KQ w_Q, which is Hassibi's step for the set Q.
  func compensated(_ weight: Tensor, mask: Tensor) throws -> Tensor {
    // What fills the last block stays, and is zero.
    let stays = try layout.blocked(mask.to(.float64).sub(1)).add(1)
    let values = try layout.blocked(weight.to(.float64))
    let column = try stays.reshape([blocks, width, 1])
    let leaving = try values.mul(stays.neg().add(1)).reshape([blocks, width, 1])
    let identity = try SymmetricMatrix.identity(width, device: matrix.device)
    // F on the kept elements, the identity on the others.
    let kept = try matrix.mul(column).mul(column.transpose(1, 2)).add(identity.mul(column.neg().add(1)))
    let step = try SymmetricMatrix(kept).solving(matrix.matmul(leaving).mul(column))
    return try layout.unblocked(values.add(step.reshape([blocks, width])).mul(stays))
  }
}

/// How the elements of a weight lie in blocks.
private struct BlockLayout {
  let shape: [Int]
  let count: Int
  let width: Int
  let blocks: Int

  init(shape: [Int], width: Int) {
    self.shape = shape
    count = shape.reduce(1, *)
    self.width = max(min(width, count), 1)
    blocks = (count + self.width - 1) / self.width
  }

  /// `[blocks, width]`, zeros behind the last element.
  func blocked(_ tensor: Tensor) throws -> Tensor {
    let flat = try tensor.contiguous().reshape([count])
    return try flat.pad(before: [0], after: [blocks * width - count]).reshape([blocks, width])
  }

  func unblocked(_ tensor: Tensor) throws -> Tensor {
    try tensor.contiguous().reshape([blocks * width]).slice(0, 0, count).reshape(shape)
  }
}
