/// The layers that may be pruned. All conditions hold together, and exclusion wins; `first` and `last` together admit both ends.
package struct LayerSet: Hashable, Sendable, Codable {
  /// Names with `*` and `?`.
  package var include: [String]
  package var exclude: [String]
  /// Operators by their ONNX names, `Conv`, `Gemm`, `LSTM`; empty for all.
  package var kinds: [String]
  /// Which part of the network's layers with weights, in its order, as shares of their number: 0 to 1 is all.
  package var depth: ClosedRange<Double>
  /// Only so many layers with weights from the front, and from the back; nil for all.
  package var first: Int?
  package var last: Int?

  package init(
    include: [String] = ["*"], exclude: [String] = [], kinds: [String] = [], depth: ClosedRange<Double> = 0...1,
    first: Int? = nil, last: Int? = nil
  ) {
    self.include = include
    self.exclude = exclude
    self.kinds = kinds
    self.depth = depth
    self.first = first
    self.last = last
  }

  /// True when the layer's name alone does not keep it out.
  package func admits(name layer: String) -> Bool {
    include.contains { Glob.matches(layer, pattern: $0) } && !exclude.contains { Glob.matches(layer, pattern: $0) }
  }
}
