import Foundation
import Support

/// What a network's file says of the images that it takes: how pixels become numbers, how they are laid out, and which samples
/// it was trained and judged with. It travels in ONNX's metadata, so that later commands need not be told.
///
/// Networks that take no images, and files that others wrote, say nothing of it.
package struct TrainingMetadata: Hashable, Sendable {
  package var input: InputNormalization?
  /// The order of the input's axes; `givenLayout` is the only one in which data are given.
  package var layout: String?
  package var split: SplitSpec?

  /// Samples, channels, height, width.
  package static let givenLayout = "NCHW"
  /// The keys of its entries.
  package static let keys: Set = [inputKey, layoutKey, splitKey]
  private static let inputKey = "coppice.input"
  private static let layoutKey = "coppice.layout"
  private static let splitKey = "coppice.split"

  package init(input: InputNormalization? = nil, layout: String? = nil, split: SplitSpec? = nil) {
    self.input = input
    self.layout = layout
    self.split = split
  }

  /// From the metadata of the network `name`. Throws `TrainingMetadataError` for an entry that cannot be read or used: to go on
  /// as if it were not there would give wrong figures without a word.
  package init(metadata: [String: String], of name: String) throws {
    input = try Self.decode(InputNormalization.self, Self.inputKey, metadata, name)
    layout = metadata[Self.layoutKey]
    split = try Self.decode(SplitSpec.self, Self.splitKey, metadata, name)
    if let input, !input.isUsable {
      throw TrainingMetadataError(
        .unusable, "The entry '\(Self.inputKey)' in the metadata of '\(name)' cannot be used: \(input.text).",
        remedy: "Its numbers must be finite, scale and std above zero. Write the network again, or correct the entry.")
    }
    if let layout, layout != Self.givenLayout {
      throw TrainingMetadataError(
        .unusable, "'\(name)' takes images laid out as \(layout), but data are given as \(Self.givenLayout).",
        remedy: "Give a network whose input is [N, C, H, W].")
    }
  }

  /// The entries of the metadata that say this.
  package var entries: [String: String] {
    get throws {
      var result: [String: String] = [:]
      if let input { result[Self.inputKey] = String(decoding: try CanonicalBytes.encode(input), as: UTF8.self) }
      if let layout { result[Self.layoutKey] = layout }
      if let split { result[Self.splitKey] = String(decoding: try CanonicalBytes.encode(split), as: UTF8.self) }
      return result
    }
  }

  /// What `other` says, and the rest from here.
  package func replaced(by other: TrainingMetadata?) -> TrainingMetadata {
    TrainingMetadata(
      input: other?.input ?? input, layout: other?.layout ?? layout, split: other?.split ?? split)
  }

  private static func decode<Value: Decodable>(
    _ type: Value.Type, _ key: String, _ metadata: [String: String], _ name: String
  ) throws -> Value? {
    guard let text = metadata[key] else { return nil }
    do {
      return try CanonicalBytes.decode(type, from: Data(text.utf8))
    } catch {
      throw TrainingMetadataError(
        .unreadable, "The entry '\(key)' in the metadata of '\(name)' cannot be read: \(text.prefix(200)).",
        remedy: "It was changed, or written by another version. Write the network again, or remove the entry.")
    }
  }
}

/// What is wrong with an entry of a network's metadata that tells how to feed the network.
package struct TrainingMetadataError: DescribedError, Equatable {
  package enum Code: String, Sendable { case unreadable, unusable }

  package let code: Code
  package let message: String
  package let remedy: String?

  init(_ code: Code, _ message: String, remedy: String?) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }
}
