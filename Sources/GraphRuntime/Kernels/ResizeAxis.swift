import ModelGraph

/// Where each element of one resized axis comes from: pure arithmetic on sizes.
struct ResizeAxis {
  /// For each output, `count` places in the input with their weights; tap by tap, so that one tap is a slice.
  struct Taps {
    let count: Int
    let places: [Int64]
    let weights: [Double]
    /// The outputs that take the extrapolation value; nil without such.
    let outside: [Bool]?
  }

  let inputSize: Int
  let outputSize: Int
  let scale: Double
  let extrapolation: Double
  private let attributes: Resize
  private let region: (start: Double, end: Double)?

  init(_ attributes: Resize, inputSize: Int, outputSize: Int, scale: Double, region: (Double, Double)?) {
    self.attributes = attributes
    self.inputSize = inputSize
    self.outputSize = outputSize
    self.scale = scale
    self.region = region
    extrapolation = attributes.extrapolationValue
  }

  /// Nothing changes along this axis.
  var isIdentity: Bool {
    outputSize == inputSize && (scale - 1).magnitude <= 1e-9 && (region.map { $0 == (0, 1) } ?? true)
  }

  /// The scale leads to the whole size that the result has.
  var hasWholeSize: Bool { scale * Double(inputSize) == Double(outputSize) }

  /// The scale is a power of two, which dividing by is exact.
  var doubles: Bool {
    hasWholeSize && scale >= 1 && scale == scale.rounded() && Int(scale) & (Int(scale) - 1) == 0
  }

  func taps() -> Taps {
    var centers = (0..<outputSize).map { center(of: Double($0)) }
    var outside: [Bool]?
    if attributes.coordinates == .cropAndResize {
      let inside = 0...Double(max(inputSize - 1, 0))
      outside = centers.map { !inside.contains($0) }
      // Regions are data: what they ask for need not be a number.
      centers = centers.map { inside.contains($0) ? $0 : 0 }
    }
    let rows = centers.map { attributes.mode == .nearest ? [(nearest(to: $0), 1)] : weights(around: $0) }
    let count = rows.first?.count ?? 0
    var places: [Int64] = []
    var shares: [Double] = []
    for tap in 0..<count {
      places += rows.map { Int64(min(max($0[tap].0, 0), inputSize - 1)) }
      shares += rows.map { $0[tap].1 }
    }
    return Taps(count: count, places: places, weights: shares, outside: outside)
  }

  /// The coordinate in the input of an output's coordinate.
  private func center(of x: Double) -> Double {
    let size = Double(inputSize)
    // The size that the scale leads to, before it was cut to a whole number.
    let width = scale * size
    let centered = (x + 0.5) / scale - 0.5
    switch attributes.coordinates {
    case .halfPixel: return centered
    case .halfPixelSymmetric: return size / 2 * (1 - Double(outputSize) / width) + centered
    case .pytorchHalfPixel: return outputSize > 1 ? centered : 0
    case .alignCorners: return outputSize <= 1 ? 0 : x * (size - 1) / (width - 1)
    case .asymmetric: return x / scale
    case .cropAndResize:
      let (start, end) = region ?? (0, 1)
      let span = (end - start) * (size - 1)
      return start * (size - 1) + (outputSize <= 1 ? span / 2 : x * span / (width - 1))
    }
  }

  private func nearest(to x: Double) -> Int {
    switch attributes.nearestRounding {
    case .roundPreferFloor: Int((x - 0.5).rounded(.up))
    case .roundPreferCeil: Int((x + 0.5).rounded(.down))
    case .floor: Int(x.rounded(.down))
    case .ceil: Int(x.rounded(.up))
    }
  }

  /// The neighbours of a coordinate, which may lie outside of the input, with weights that sum to one.
  private func weights(around x: Double) -> [(Int, Double)] {
    let stretch = attributes.antialiases ? min(scale, 1) : 1
    let support = attributes.mode == .cubic ? 2.0 : 1.0
    // On a whole coordinate the window ends there, so that every output has as many neighbours.
    let base = Int(x.rounded(.up)) - 1
    let fraction = x - Double(base)
    let first = Int((-support / stretch).rounded(.down)) + 1
    var result = (first..<(2 - first)).map { offset in
      (base + offset, strength(at: (Double(offset) - fraction) * stretch))
    }
    if attributes.excludesOutside {
      for position in result.indices where !(0..<inputSize).contains(result[position].0) { result[position].1 = 0 }
    }
    let sum = result.reduce(0) { $0 + $1.1 }
    guard attributes.excludesOutside || attributes.antialiases, sum != 0 else { return result }
    return result.map { ($0.0, $0.1 / sum) }
  }

  /// The filter at a distance: a triangle, or the cubic of Keys 1981, equation 4.
  private func strength(at distance: Double) -> Double {
    let x = distance.magnitude
    guard attributes.mode == .cubic else { return max(1 - x, 0) }
    let a = attributes.cubicCoefficient
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }
}
