import Foundation
import ModelFormats
import ModelGraph
import StudyModel
import Support

/// A network's file whose recipe is used to make it again: refuses what cannot come to the same network, and compares what came out.
package struct NetworkReplay {
  /// The file, as the caller named it.
  package let name: String
  package let recipe: NetworkRecipe
  package let training: TrainingMetadata
  private let original: Graph

  /// Nil for a file that tells its plan only, or nothing. Throws `TrainingMetadataError`.
  package init?(_ original: Graph, name: String) throws {
    guard var recipe = CheckpointMetadata(of: original)?.recipe ?? NetworkRecipe(of: original) else { return nil }
    if recipe.rungs.isEmpty { recipe.rungs = [0] }
    self.name = name
    self.recipe = recipe
    self.original = original
    training = try TrainingMetadata(of: original, named: name)
  }

  /// Cumulative epochs of each trained rung.
  package var trainedRungs: [Double] { recipe.rungs.filter { $0 > 0 } }

  /// Another dense network would be cut without complaint, and come out as something else. `path` is the network's name in messages.
  package func check(dense: Graph, path: String) throws {
    let digest = try ONNXFile.digest(of: dense)
    guard digest != recipe.dense else { return }
    throw EvaluationError(
      .badPlan, "'\(name)' was cut from a network \(recipe.dense.short), and '\(path)' is \(digest.short).",
      remedy:
        "Name the dense network from which it was made, or give the plan as JSON (`coppice inspect --json`) to cut another one by it."
    )
  }

  /// Other data would change the weights, and without any some steps are left out. `changes` tells how options change the recipe on
  /// purpose: then the weights differ anyway, and everything is allowed.
  package func check(_ data: StudyData?, changes: [String]) throws {
    guard changes.isEmpty, !recipe.makers.isEmpty, data?.digest != recipe.data else { return }
    let otherwise = "or give the plan as JSON (`coppice inspect --json`) to prune by the same recipe."
    guard let data else {
      throw EvaluationError(
        .badPlan, "'\(name)' was made with data, and there are none.",
        remedy: "Name them with --data, or write --fine-tune 0 for the cut alone.")
    }
    guard recipe.data != nil else {
      throw EvaluationError(
        .badPlan, "'\(name)' was made without data.", remedy: "Leave out --data, \(otherwise)")
    }
    let part =
      training.input != data.input
      ? "another scaling" : training.split != data.split ? "another split" : "other images or labels"
    throw EvaluationError(
      .badPlan, "'\(name)' was made with other data: these have \(part).",
      remedy: "Name the data with which it was made, \(otherwise)")
  }

  /// Compares what was made with the file. `changes` tells how options changed the recipe on purpose: then only the units are
  /// compared. Throws `EvaluationError(.badCheckpoint)` when other units stayed, or when the weights differ and nothing explains it.
  package func outcome(_ made: Graph, _ recipe: NetworkRecipe, changes: [String]) throws -> ReplayOutcome {
    let keepsSame = recipe.kept == self.recipe.kept
    guard changes.isEmpty else { return ReplayOutcome(unitsIdentical: keepsSame, reasons: changes) }
    guard keepsSame else {
      throw EvaluationError(
        .badCheckpoint, "The network made again keeps other units than '\(name)'\(Self.words(explanations(recipe))).",
        remedy: "Make it with the engine, processor and threads that made the file; nothing was written.")
    }
    let difference = try WeightDifference(ONNXFile.reread(made), original)
    if let tensor = difference.otherTensor {
      throw EvaluationError(
        .badCheckpoint, "The network made again has another shape than '\(name)': \(tensor).",
        remedy: "The file was changed since it was made, or another version made it; nothing was written.")
    }
    guard difference.largest > 0 else {
      return ReplayOutcome(unitsIdentical: true, weightsIdentical: true, largestDifference: 0, reasons: [])
    }
    let reasons = explanations(recipe)
    guard !reasons.isEmpty else {
      throw EvaluationError(
        .badCheckpoint,
        "The weights made again differ from those of '\(name)' by up to \(ReplayOutcome.text(difference.largest)), in '\(difference.weight)'"
          + (self.recipe.makers.isEmpty
            ? ", which does not say how it was fed and who made it."
            : ", though the same engine, processor and threads made it."),
        remedy: self.recipe.makers.isEmpty
          ? "Give the input scaling and the split of its study by options, or the plan as JSON; nothing was written."
          : "The file was changed since it was made, or this is a fault of Coppice; nothing was written.")
    }
    return ReplayOutcome(
      unitsIdentical: true, weightsIdentical: false, largestDifference: difference.largest, weight: difference.weight,
      reasons: reasons)
  }

  /// In what those who made the file differ from who made it again.
  private func explanations(_ again: NetworkRecipe) -> [String] {
    guard let maker = again.makers.first else { return [] }
    var found: [String] = []
    for reason in recipe.makers.flatMap({ $0.differences(from: maker) }) where !found.contains(reason) {
      found.append(reason)
    }
    return found
  }

  private static func words(_ reasons: [String]) -> String {
    reasons.isEmpty ? "" : ", which was made with " + reasons.joined(separator: "; ")
  }
}
