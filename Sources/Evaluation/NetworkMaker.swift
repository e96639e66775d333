import Profiling
import StudyModel
import Tensors

/// Who computed a network's weights: what is made by an equal maker from equal inputs is the same bit for bit.
package struct NetworkMaker: Hashable, Sendable, Codable {
  package var engine: EngineIdentity
  /// The processor's model: libraries choose their ways by more of it than its instruction set.
  package var processor: String
  package var threads: Int

  package init(engine: EngineIdentity, processor: String, threads: Int) {
    self.engine = engine
    self.processor = processor
    self.threads = threads
  }

  private static let processor = DeviceClass.current()

  /// This process, with the number of threads that it has now.
  package static var current: NetworkMaker {
    NetworkMaker(engine: .current, processor: processor, threads: TorchRuntime.threadCount)
  }

  /// The parts in which another maker differs, in words: "threads 1, not 2".
  func differences(from other: NetworkMaker) -> [String] {
    engine.differences(from: other.engine)
      + [("processor", processor, other.processor), ("threads", "\(threads)", "\(other.threads)")]
      .filter { $0.1 != $0.2 }.map { "\($0.0) \($0.1), not \($0.2)" }
  }
}
