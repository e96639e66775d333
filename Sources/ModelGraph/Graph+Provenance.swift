import Foundation

extension Graph {
  /// What the keys of our own entries in the metadata begin with.
  package static let ownMetadataPrefix = "coppice."

  private static let convertedKey = "coppice.converted-from"

  /// The other floating-point types that the network's numbers had in its file, before they became float32; by name, sorted.
  package var convertedFrom: [String] {
    get { metadata[Self.convertedKey]?.components(separatedBy: ", ") ?? [] }
    set { metadata[Self.convertedKey] = newValue.isEmpty ? nil : Set(newValue).sorted().joined(separator: ", ") }
  }

  /// The network without our notes of its making and preparation; entries of others stay, and what says in which types it is written.
  package var withoutProvenance: Graph {
    var result = self
    result.metadata = metadata.filter { !$0.key.hasPrefix(Self.ownMetadataPrefix) || $0.key == Self.convertedKey }
    return result
  }
}
