import Foundation

extension StatisticTransform {
  /// The values after the transform; `layer` holds the moments of the whole layer that they are part of.
  ///
  /// `log` is sign(x) ln(1 + |x| / s) and `standardize` is (x - m) / s with the layer's mean m and deviation s. Where the layer has
  /// no spread, s counts as 1.
  package func applied(to values: [Double], in layer: Moments) -> [Double] {
    let scale = layer.deviation > 0 ? layer.deviation : 1
    switch self {
    case .none: return values
    case .log: return values.map { $0 < 0 ? -log1p(-$0 / scale) : log1p($0 / scale) }
    case .standardize: return values.map { ($0 - layer.mean) / scale }
    }
  }
}
