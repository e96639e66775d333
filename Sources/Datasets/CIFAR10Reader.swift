import Foundation

/// CIFAR-10 in its binary version: data_batch_1.bin to data_batch_5.bin and test_batch.bin, plain or packed.
///
/// Each record is a label and three planes (red, green, blue) of 32x32 pixels, row by row.
package struct CIFAR10Reader {
  private let folder: URL
  private let recordsPerFile: Int

  private static let classCount = 10
  private static let side = 32
  private static let pixelCount = 3 * side * side

  /// 10,000 records a file as published; fewer are for tests.
  package init(folder: URL, recordsPerFile: Int = 10_000) {
    self.folder = folder
    self.recordsPerFile = recordsPerFile
  }

  static func fileNames(_ part: DatasetPart) -> [String] {
    switch part {
    case .training: (1...5).map { "data_batch_\($0).bin" }
    case .test: ["test_batch.bin"]
    }
  }

  /// Throws `DatasetError` naming the file, and the byte of a label that has no class.
  package func load(_ part: DatasetPart) throws -> ImageDataset {
    let names = Self.fileNames(part)
    var images = Data(capacity: names.count * recordsPerFile * Self.pixelCount)
    var labels: [UInt8] = []
    let recordSize = Self.pixelCount + 1
    for name in names {
      let file = try DatasetFile(name, in: folder)
      let bytes = try file.contents(count: recordsPerFile * recordSize, meaning: "\(recordsPerFile) records")
      for start in stride(from: 0, to: bytes.count, by: recordSize) {
        let label = bytes[start]
        guard label < Self.classCount else {
          throw DatasetError(
            .labelOutOfRange,
            "'\(file.path)' has the label \(label) at byte \(start) (record \(start / recordSize)); there are \(Self.classCount) classes.",
            remedy: "Check that the file is of CIFAR-10's binary version; fetch it again.")
        }
        labels.append(label)
        images.append(bytes[(start + 1)..<(start + recordSize)])
      }
    }
    return try ImageDataset(
      name: "cifar-10", channels: 3, height: Self.side, width: Self.side, classCount: Self.classCount, images: images,
      labels: labels)
  }
}
