import Foundation
import ModelGraph
import StudyModel
import Support

/// What a network of a study says about its making, in ONNX's metadata; enough to find its record and to make it again.
@dynamicMemberLookup
package struct CheckpointMetadata: Hashable, Sendable {
  package var study: String
  package var trial: TrialID
  package var rung: Int
  /// Cumulative epochs of fine-tuning.
  package var epochs: Double
  package var recipe: NetworkRecipe
  package var counts: [String: [Int]]

  package init(
    study: String, trial: TrialID, rung: Int, epochs: Double, recipe: NetworkRecipe, counts: [String: [Int]]
  ) {
    self.study = study
    self.trial = trial
    self.rung = rung
    self.epochs = epochs
    self.recipe = recipe
    self.counts = counts
  }

  package subscript<Value>(dynamicMember path: WritableKeyPath<NetworkRecipe, Value>) -> Value {
    get { recipe[keyPath: path] }
    set { recipe[keyPath: path] = newValue }
  }

  private enum Key: String, CaseIterable {
    case study = "coppice.study", trial = "coppice.trial", rung = "coppice.rung", epochs = "coppice.epochs"
    case units = "coppice.units"
  }

  /// Entries that only networks of studies have.
  static let ownKeys = Key.allCases.map(\.rawValue)

  /// Nil when the network is no checkpoint of ours.
  package init?(of graph: Graph) {
    func entry(_ key: Key) -> String? { graph.metadata[key.rawValue] }
    guard let recipe = NetworkRecipe(of: graph), let study = entry(.study),
      let trial = entry(.trial).flatMap(Int64.init),
      let rung = entry(.rung).flatMap(Int.init), let epochs = entry(.epochs).flatMap(Double.init),
      let units = entry(.units),
      let counts = try? CanonicalBytes.decode([String: [Int]].self, from: Data(units.utf8))
    else { return nil }
    self.init(study: study, trial: TrialID(trial), rung: rung, epochs: epochs, recipe: recipe, counts: counts)
    // Earlier files say only where the last rung ended.
    if recipe.rungs.isEmpty { self.rungs = epochs > 0 ? [0, epochs] : [0] }
  }

  /// Entries under "coppice." laid over the network's own.
  package func laid(over graph: Graph) throws -> Graph {
    var result = try recipe.laid(over: graph)
    result.metadata[Key.study.rawValue] = study
    result.metadata[Key.trial.rawValue] = trial.description
    result.metadata[Key.rung.rawValue] = String(rung)
    result.metadata[Key.epochs.rawValue] = "\(epochs)"
    result.metadata[Key.units.rawValue] = String(decoding: try CanonicalBytes.encode(counts), as: UTF8.self)
    return result
  }
}
