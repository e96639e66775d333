import Foundation
import Support

/// Labelled images as bytes in memory; how they become the network's input is said elsewhere.
package struct ImageDataset: Sendable {
  package let name: String
  package let channels: Int
  package let height: Int
  package let width: Int
  package let classCount: Int
  /// Pixels, `[N, C, H, W]`.
  package let images: Data
  /// One class below `classCount` for each image.
  package let labels: [UInt8]
  /// SHA-256 of the shape, the pixels and the labels: equal for equal examples, wherever and however they are stored.
  package let digest: Digest

  package var count: Int { labels.count }
  /// `[C, H, W]` of one image.
  package var imageShape: [Int] { [channels, height, width] }

  /// Throws `DatasetError` when images, labels and shape do not go together, or a label has no class.
  package init(
    name: String, channels: Int, height: Int, width: Int, classCount: Int, images: Data, labels: [UInt8]
  ) throws {
    guard channels > 0, height > 0, width > 0, images.count == labels.count * channels * height * width else {
      throw DatasetError(
        .countMismatch,
        "\(name): \(labels.count) labels do not go with \(images.count) bytes of \(channels)x\(height)x\(width) images."
      )
    }
    if let position = labels.firstIndex(where: { Int($0) >= classCount }) {
      throw DatasetError(
        .labelOutOfRange,
        "\(name): example \(position) has the label \(labels[position]); there are \(classCount) classes.",
        remedy: "Check that the labels belong to these images.")
    }
    self.name = name
    self.channels = channels
    self.height = height
    self.width = width
    self.classCount = classCount
    self.images = images
    self.labels = labels
    var builder = DigestBuilder()
    builder.update(Data("\(labels.count) \(channels) \(height) \(width) \(classCount)\n".utf8))
    builder.update(images)
    builder.update(labels)
    digest = builder.finalize()
  }
}

/// The two halves in which data sets are published.
package enum DatasetPart: String, Sendable, Codable, CaseIterable {
  case training, test
}
