import ModelGraph
import Tensors

private let gridSampler = ATenOperator("aten::grid_sampler")
private let affineGridGenerator = ATenOperator("aten::affine_grid_generator")

extension KernelContext {
  /// Values at the positions that a grid names, of images with any number of axes.
  func gridSample(_ attributes: GridSample) throws -> KernelBody {
    try expectInputs(2...2)
    return { call in
      let given = try call.tensor(0)
      let x = given.type.isFloatingPoint ? try given.precise : try given.to(.float32)
      let grid = try call.tensor(1).to(x.type)
      let axes = x.rank - 2
      guard axes > 0, grid.rank == x.rank, grid.shape.last == axes else {
        throw failure("has an input of shape \(x.shape) and a grid of shape \(grid.shape)")
      }
      let result: Tensor
      if axes == 2 && attributes.mode != .nearest || axes == 3 && attributes.mode == .linear {
        let padding: Int =
          switch attributes.padding {
          case .zeros: 0
          case .border: 1
          case .reflection: 2
          }
        result = try gridSampler.one(
          .tensor(x), .tensor(grid), .integer(attributes.mode == .linear ? 0 : 2), .integer(padding),
          .flag(attributes.alignsCorners))
      } else {
        result = try GridSampler(attributes: attributes, image: x).sample(grid)
      }
      return [try result.to(given.type)]
    }
  }

  /// Positions of an image's elements after an affine map: theta `[N, 2, 3]` or `[N, 3, 4]`.
  func affineGrid(alignsCorners: Bool) throws -> KernelBody {
    try expectInputs(2...2)
    return { call in
      let theta = try call.tensor(0)
      let grid = try affineGridGenerator.one(
        .tensor(theta.precise), .integers(call.integers(1)), .flag(alignsCorners))
      return [try grid.to(theta.type)]
    }
  }
}

/// Sampling by gathering each position's neighbours; gradients reach the image and the grid.
private struct GridSampler {
  let attributes: GridSample
  let image: Tensor

  /// The grid is `[N, out..., axes]` with the innermost axis first; the result `[N, C, out...]`.
  func sample(_ grid: Tensor) throws -> Tensor {
    let shape = image.shape
    let axes = shape.count - 2
    let positions = Array(grid.shape[1..<(grid.rank - 1)])
    let coordinates = try (0..<axes).map { axis in
      let last = axes - 1 - axis
      let normalized = try grid.slice(grid.rank - 1, last, last + 1).reshape([shape[0], -1])
      return try coordinate(normalized, size: shape[axis + 2])
    }
    let taps = try coordinates.map { try self.taps(around: $0) }
    let count = taps.first?.count ?? 0
    var sum: Tensor?
    for choice in 0..<Array(repeating: count, count: axes).reduce(1, *) {
      var places: [Tensor] = []
      var weight: Tensor?
      var rest = choice
      for axis in 0..<axes {
        let tap = taps[axis][rest % count]
        rest /= count
        places.append(try place(tap.place, size: shape[axis + 2]))
        if let factor = tap.weight { weight = try weight.map { try $0 * factor } ?? factor }
      }
      let values = try image.picked(at: places)
      let share = try weight.map { try values * $0.inserting(axis: 1) } ?? values
      sum = try sum.map { try $0 + share } ?? share
    }
    return try (sum ?? image).reshape(Array(shape[..<2]) + positions)
  }

  /// From -1...1 to the image's elements; whole for nearest elements.
  private func coordinate(_ normalized: Tensor, size: Int) throws -> Tensor {
    let length = Double(size)
    let x =
      try attributes.alignsCorners
      ? normalized.add(1).mul((length - 1) / 2) : normalized.add(1).mul(length / 2).sub(0.5)
    return attributes.mode == .nearest ? try x.round() : x
  }

  /// Folded at the borders as often as it takes.
  private func reflected(_ x: Tensor, size: Int) throws -> Tensor {
    let (low, high) = attributes.alignsCorners ? (0, Double(size) - 1) : (-0.5, Double(size) - 0.5)
    let span = high - low
    guard span > 0 else { return try x.mul(0) }
    let distance = try x.sub(low).abs()
    let rounds = try distance.detach().div(span).floor()
    let rest = try distance - rounds.mul(span)
    let isOdd = try (rounds - rounds.div(2).floor().mul(2)).gt(0.5)
    return try isOdd.select(rest.neg().add(high), else: rest.add(low))
  }

  private func taps(around x: Tensor) throws -> [(place: Tensor, weight: Tensor?)] {
    switch attributes.mode {
    case .nearest: return [(x, nil)]
    case .linear:
      let low = try x.detach().floor()
      let fraction = try x - low
      return [(low, try fraction.neg().add(1)), (try low.add(1), fraction)]
    case .cubic:
      let low = try x.detach().floor()
      let fraction = try x - low
      return try (-1...2).map { offset in
        let distance = try fraction.sub(Double(offset)).abs()
        return (try low.add(Double(offset)), try Self.cubic(distance, isOuter: offset < 0 || offset > 1))
      }
    }
  }

  /// Keys 1981 with -0.75, at a distance below one or, for outer elements, between one and two.
  private static func cubic(_ x: Tensor, isOuter: Bool) throws -> Tensor {
    let a = -0.75
    if isOuter { return try ((x.mul(a).sub(5 * a) * x).add(8 * a) * x).sub(4 * a) }
    return try (x.mul(a + 2).sub(a + 3) * x * x).add(1)
  }

  /// A neighbour's place, moved inside as the padding asks.
  private func place(_ x: Tensor, size: Int) throws -> Tensor {
    switch attributes.padding {
    case .zeros: x
    case .border: try x.clamp(0, Double(size) - 1)
    case .reflection: try reflected(x, size: size).clamp(0, Double(size) - 1)
    }
  }
}
