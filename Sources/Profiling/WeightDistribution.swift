import ModelGraph

/// The shape of one weight's values: four moments and the share of zeros.
package struct WeightDistribution: Sendable, Hashable {
  package var weight: String
  package var count: Int
  package var mean: Double
  package var standardDeviation: Double
  /// The third standardised moment; 0 for a constant.
  package var skewness: Double
  /// The fourth standardised moment (3 for a normal distribution); 0 for a constant.
  package var kurtosis: Double
  /// The share of values that are exactly zero.
  package var sparsity: Double

  /// Every trainable float weight of the network, in order of names; two passes over each.
  package static func all(of graph: Graph) -> [WeightDistribution] {
    let roles = graph.weightRoles()
    return graph.weights.keys.sorted().compactMap { name in
      guard roles[name] == .trainable, let data = graph.weights[name], data.elementType == .float32 else { return nil }
      return WeightDistribution(weight: name, values: data.floats)
    }
  }

  /// Population moments (divided by the count) in double precision.
  package init(weight: String, values: [Float]) {
    self.weight = weight
    count = values.count
    let total = Double(max(1, values.count))
    let mean = values.reduce(0.0) { $0 + Double($1) } / total
    var (second, third, fourth) = (0.0, 0.0, 0.0)
    var zeros = 0
    for value in values {
      let difference = Double(value) - mean
      let square = difference * difference
      second += square
      third += square * difference
      fourth += square * square
      if value == 0 { zeros += 1 }
    }
    let variance = second / total
    self.mean = mean
    standardDeviation = variance.squareRoot()
    skewness = variance > 0 ? third / total / (variance * variance.squareRoot()) : 0
    kurtosis = variance > 0 ? fourth / total / (variance * variance) : 0
    sparsity = Double(zeros) / total
  }
}
