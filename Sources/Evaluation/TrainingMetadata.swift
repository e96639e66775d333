import Foundation
import ModelGraph
import StudyModel
import Support

/// What a network that we trained says about its training, so that later commands need not be told.
package struct TrainingMetadata: Hashable, Sendable {
  package var input: InputNormalization?
  package var split: SplitSpec?

  private static let inputKey = "coppice.input"
  private static let splitKey = "coppice.split"

  package init(input: InputNormalization?, split: SplitSpec?) {
    self.input = input
    self.split = split
  }

  /// Entries that cannot be read, those of a later version say, count as absent.
  package init(of graph: Graph) {
    input = Self.decode(InputNormalization.self, graph.metadata[Self.inputKey])
    split = Self.decode(SplitSpec.self, graph.metadata[Self.splitKey])
  }

  package func laid(over graph: Graph) throws -> Graph {
    var result = graph
    if let input { result.metadata[Self.inputKey] = String(decoding: try CanonicalBytes.encode(input), as: UTF8.self) }
    if let split { result.metadata[Self.splitKey] = String(decoding: try CanonicalBytes.encode(split), as: UTF8.self) }
    return result
  }

  private static func decode<Value: Decodable>(_ type: Value.Type, _ text: String?) -> Value? {
    text.flatMap { try? CanonicalBytes.decode(type, from: Data($0.utf8)) }
  }
}
