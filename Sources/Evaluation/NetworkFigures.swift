import GraphRuntime
import ModelGraph
import Profiling
import StudyModel
import Training

/// What can be said of a network: always its size, and how often it is right when there was data.
package struct NetworkFigures: Hashable, Sendable, Codable {
  package var parameters: Int
  package var nonzeroParameters: Int
  /// Multiply-accumulates of one sample.
  package var macs: Int
  /// Bytes of the ONNX file that we write, without our notes of its making: how much is noted says nothing of the network. `prune` puts
  /// those of the user's own file in their place for the network before pruning.
  package var sizeBytes: Int
  /// Bytes of the weights as safetensors, those with many zeros in a form that leaves them out.
  package var storedBytes: Int
  package var accuracy: Proportion?
  /// Mean cross-entropy in nats.
  package var loss: Double?

  /// Counts; the file's size is that of an export made now.
  package init(of graph: Graph) throws { self.init(try NetworkFacts(of: graph)) }

  /// With accuracy and loss on some samples.
  package init(
    of graph: Graph, on data: StudyData, part: StudyData.Part, batchSize: Int = 500,
    progress: (Double) throws -> Void = { _ in }
  ) throws {
    try self.init(of: graph)
    let module = try GraphModule(data.checked(graph), device: data.device)
    let (accuracy, loss) = try AccuracyMeasurement.run(
      module, on: data.batches(part), batchSize: batchSize, progress: progress)
    self.accuracy = accuracy
    self.loss = loss
  }

  private init(_ facts: NetworkFacts) {
    parameters = facts.parameters
    nonzeroParameters = facts.nonzeroParameters
    macs = facts.macs
    sizeBytes = facts.sizeBytes
    storedBytes = facts.storedBytes
  }
}

extension Proportion {
  /// True when as many right answers out of as many could be luck: the lower end of the 95% interval is within a
  /// twentieth of the way from guessing to perfection.
  package func isNearChance(classes: Int) -> Bool {
    let chance = 1 / Double(max(classes, 2))
    return interval.lowerBound < chance + 0.05 * (1 - chance)
  }
}
