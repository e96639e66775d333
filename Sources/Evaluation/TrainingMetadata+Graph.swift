import ModelGraph
import StudyModel

extension TrainingMetadata {
  /// What the network's metadata say; `name` is its name in messages. Throws `TrainingMetadataError`.
  package init(of graph: Graph, named name: String? = nil) throws {
    try self.init(metadata: graph.metadata, of: name ?? graph.name)
  }

  /// The network with these entries; others that it has stay.
  package func laid(over graph: Graph) throws -> Graph {
    var result = graph
    result.metadata.merge(try entries) { _, new in new }
    return result
  }
}

extension Graph {
  /// The free words of a safetensors file of its weights: like PyTorch's, and how the network is to be fed.
  package var weightsNotes: [String: String] {
    metadata.filter { TrainingMetadata.keys.contains($0.key) }.merging(["format": "pt"]) { first, _ in first }
  }
}

extension StudyData {
  /// What networks that were made with these data say of them.
  package var notes: TrainingMetadata {
    TrainingMetadata(input: input, layout: TrainingMetadata.givenLayout, split: split)
  }
}
