import GraphRuntime
import ModelGraph
import StudyModel
import Support
import Training

/// Trains one network on the training samples, from the weights it has.
package enum NetworkTraining {
  /// The network after training, with what later commands need to know of it in its metadata, and its figures on the
  /// validation samples. `progress` gets the share done and the last loss in nats.
  package static func run(
    _ graph: Graph, on data: StudyData, recovery: Recovery, epochs: Double, seed: UInt64,
    progress: (_ share: Double, _ loss: Double) throws -> Void
  ) throws -> (network: Graph, figures: NetworkFigures) {
    let module = try GraphModule(try data.checked(graph), device: data.device)
    try FineTuning.run(
      module, on: data.batches(.training), recovery: recovery, epochs: epochs,
      seed: SeededGenerator.derivedSeed(seed, stream: "train"), progress: progress)
    let network = try data.notes.laid(over: NetworkRecipe.removed(from: Checkpoint.capture(module)))
    var figures = try NetworkFigures(of: network)
    let (accuracy, loss) = try AccuracyMeasurement.run(module, on: data.batches(.validation))
    figures.accuracy = accuracy
    figures.loss = loss
    return (network, figures)
  }
}
