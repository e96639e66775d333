extension InputNormalization {
  /// As commands print it: "pixels/255, mean 0, std 1"; several channels stand between commas, as the options take them.
  package var text: String {
    "pixels/\(Self.text([scale])), mean \(Self.text(mean)), std \(Self.text(std))"
  }

  /// False where pixels could not become finite numbers by it.
  var isUsable: Bool {
    scale > 0 && scale.isFinite && !mean.isEmpty && mean.allSatisfy(\.isFinite) && !std.isEmpty
      && std.allSatisfy { $0 > 0 && $0.isFinite }
  }

  /// True when both make the same numbers of every pixel, up to rounding: 255, 0.5, 0.5 is 1, 127.5, 127.5.
  package func isEquivalent(to other: InputNormalization) -> Bool {
    let channels = [mean, std, other.mean, other.std].map(\.count).max() ?? 1
    guard let lines = lines(channels), let others = other.lines(channels) else { return false }
    func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-6 * max(abs(a), abs(b), 1e-3) }
    return zip(lines, others).allSatisfy { near($0.factor, $1.factor) && near($0.offset, $1.offset) }
  }

  /// For each channel the line `factor * p - offset` on which its numbers lie; nil where counts do not go together.
  private func lines(_ channels: Int) -> [(factor: Double, offset: Double)]? {
    guard let mean = Self.spread(mean, channels), let std = Self.spread(std, channels) else { return nil }
    return zip(mean, std).map { (255 / (scale * $1), $0 / $1) }
  }

  private static func spread(_ values: [Double], _ count: Int) -> [Double]? {
    if values.count == count { return values }
    return values.count == 1 ? [Double](repeating: values[0], count: count) : nil
  }

  private static func text(_ values: [Double]) -> String {
    values.map { $0.rounded() == $0 && abs($0) < 1e15 ? "\(Int($0))" : "\($0)" }.joined(separator: ",")
  }
}
