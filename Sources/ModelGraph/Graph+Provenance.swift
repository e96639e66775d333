extension Graph {
  /// What the keys of our own entries in the metadata begin with.
  package static let ownMetadataPrefix = "coppice."

  /// The network without our notes of its making and preparation; entries of others stay.
  package var withoutProvenance: Graph {
    var result = self
    result.metadata = metadata.filter { !$0.key.hasPrefix(Self.ownMetadataPrefix) }
    return result
  }
}
