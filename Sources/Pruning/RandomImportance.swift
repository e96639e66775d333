import ChannelGroups
import Selection
import StudyModel

/// Uniform random numbers from the plan's seed: the baseline that every report needs (Blalock and others 2020, section 5).
package struct RandomImportance: ImportanceCriterion {
  package let criterion = Criterion.random

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    var scores: [String: [LayerScores]] = [:]
    for group in groups {
      try context.progress.report()
      let numbers = draw(group.units.count, "random/\(group.name)", context)
      scores[group.name] = [
        LayerScores(layer: group.name, units: Array(numbers.indices), scores: numbers.map(Double.init))
      ]
    }
    return scores
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    var scores: [String: [Float]] = [:]
    for weight in weights {
      scores[weight] = draw(try context.tensor(weight).elementCount, "random/\(weight)", context)
    }
    return scores
  }

  private func draw(_ count: Int, _ stream: String, _ context: ScoringContext) -> [Float] {
    var generator = context.generator(stream)
    return (0..<count).map { _ in Float(generator.uniform()) }
  }
}
