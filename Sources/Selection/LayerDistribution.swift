import ChannelGroups
import Foundation
import ModelGraph
import StudyModel
import Support

/// How the weights of one layer's kernel are distributed.
package struct LayerDistribution: Hashable, Sendable, Codable {
  package var layer: String
  package var weight: String
  package var distribution: WeightDistribution
  /// True when moments of these weights say little; see `Moments.isFarFromNormal`.
  package var isFarFromNormal: Bool

  /// One for each kernel of the network, in its order.
  package static func all(of graph: Graph, transform: StatisticTransform = .none) -> [LayerDistribution] {
    graph.prunableWeights().compactMap { weight in
      guard let tensor = graph.weights[weight.weight], tensor.elementType.isFloatingPoint else { return nil }
      let distribution = WeightDistribution(tensor.doubleValues, transform: transform)
      return LayerDistribution(
        layer: weight.layer, weight: weight.weight, distribution: distribution,
        isFarFromNormal: distribution.isFarFromNormal)
    }
  }

  /// Figures in columns, a row of bars for each histogram.
  package static func text(_ layers: [LayerDistribution]) -> String {
    var table = TextTable([
      ("weight", .left), ("count", .right), ("zero", .right), ("mean", .right), ("deviation", .right),
      ("skewness", .right), ("kurtosis", .right), ("-4 to 4 deviations", .left), ("", .left),
    ])
    for layer in layers {
      let (numbers, moments) = (layer.distribution, layer.distribution.moments)
      table.add([
        layer.weight, "\(numbers.count)", Units.percent(numbers.sparsity), moments.mean.shortText,
        moments.deviation.shortText, moments.skewness.shortText, moments.kurtosis.shortText, numbers.histogram.bars,
        layer.isFarFromNormal ? "far from normal" : "",
      ])
    }
    return table.text
  }
}

/// One layer's weights before and after pruning.
package struct DistributionChange: Hashable, Sendable, Codable {
  package var before: LayerDistribution
  package var after: LayerDistribution

  /// For each kernel that both networks have by name, in the first one's order.
  package static func changes(
    from before: Graph, to after: Graph, transform: StatisticTransform = .none
  ) -> [DistributionChange] {
    let found = Dictionary(
      LayerDistribution.all(of: after, transform: transform).map { ($0.weight, $0) },
      uniquingKeysWith: { first, _ in first })
    return LayerDistribution.all(of: before, transform: transform).compactMap { layer in
      found[layer.weight].map { DistributionChange(before: layer, after: $0) }
    }
  }

  /// Figures before and after, an arrow between them.
  package static func text(_ changes: [DistributionChange]) -> String {
    var table = TextTable(figures: ["weight", "count", "zero", "mean", "deviation", "skewness", "kurtosis"])
    for change in changes {
      func cell(_ value: (LayerDistribution) -> String) -> String { "\(value(change.before)) > \(value(change.after))" }
      table.add([
        change.before.weight, cell { "\($0.distribution.count)" }, cell { Units.percent($0.distribution.sparsity) },
        cell { $0.distribution.moments.mean.shortText }, cell { $0.distribution.moments.deviation.shortText },
        cell { $0.distribution.moments.skewness.shortText }, cell { $0.distribution.moments.kurtosis.shortText },
      ])
    }
    return table.text
  }
}

extension Double {
  fileprivate var shortText: String { String(format: "%.4g", self) }
}

extension Histogram {
  /// One block character for each bin, as high as its share of the fullest.
  fileprivate var bars: String {
    let levels = Array(" ▁▂▃▄▅▆▇█")
    let most = max(counts.max() ?? 0, 1)
    return String(counts.map { levels[$0 == 0 ? 0 : max(1, $0 * (levels.count - 1) / most)] })
  }
}
