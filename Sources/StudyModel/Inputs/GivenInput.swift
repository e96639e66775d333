/// What a spec or options say of the input scaling; what they leave out comes from elsewhere.
package struct GivenInput: Hashable, Sendable {
  package var scale: Double?
  package var mean: [Double]?
  package var std: [Double]?

  package init(scale: Double? = nil, mean: [Double]? = nil, std: [Double]? = nil) {
    self.scale = scale
    self.mean = mean
    self.std = std
  }

  package var isEmpty: Bool { scale == nil && mean == nil && std == nil }

  package func laid(over other: InputNormalization) -> InputNormalization {
    InputNormalization(scale: scale ?? other.scale, mean: mean ?? other.mean, std: std ?? other.std)
  }
}
