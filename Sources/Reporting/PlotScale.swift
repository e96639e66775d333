import Foundation

/// Maps a range of values to a range of pixels, with round ticks.
struct PlotScale {
  let low: Double
  let high: Double
  let pixels: ClosedRange<Double>
  /// The values grow against the pixels, as on a vertical axis.
  let isReversed: Bool

  /// Room is left at both ends, so that no mark lies on the frame; what spans less than `leastSpan` is shown in the middle of
  /// that much.
  init(
    _ values: [Double], pixels: ClosedRange<Double>, isReversed: Bool = false, includesZero: Bool = false,
    leastSpan: Double = 1e-9
  ) {
    let finite = values.filter(\.isFinite)
    var (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
    if includesZero { (low, high) = (min(low, 0), max(high, 0)) }
    let lacking = leastSpan - (high - low)
    if lacking > 0 { (low, high) = (low - max(lacking, 1e-6) / 2, high + max(lacking, 1e-6) / 2) }
    let margin = (high - low) * 0.06
    self.low = includesZero && low == 0 ? 0 : low - margin
    self.high = high + margin
    self.pixels = pixels
    self.isReversed = isReversed
  }

  func contains(_ value: Double) -> Bool { (low...high).contains(value) }

  func position(_ value: Double) -> Double {
    let share = (value - low) / (high - low)
    let length = pixels.upperBound - pixels.lowerBound
    return isReversed ? pixels.upperBound - share * length : pixels.lowerBound + share * length
  }

  /// Multiples of 1, 2 or 5 times a power of ten, about five of them.
  var ticks: [Double] {
    let rough = (high - low) / 5
    let power = pow(10, floor(log10(rough)))
    let step = [1.0, 2, 5, 10].map { $0 * power }.first { $0 >= rough } ?? rough
    let first = Int((low / step).rounded(.up))
    let last = Int((high / step).rounded(.down))
    return first <= last ? (first...last).map { Double($0) * step } : []
  }

  /// As many decimals as the ticks need.
  func label(_ value: Double) -> String {
    let rough = (high - low) / 5
    let decimals = max(0, min(6, Int(-floor(log10(rough)))))
    return String(format: "%.\(decimals)f", value)
  }
}
