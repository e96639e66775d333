import Foundation
import Support

/// Where examples come from: a published set by its name, or a folder in a known format.
package enum DatasetSource: Sendable, Hashable, CustomStringConvertible {
  /// Fashion-MNIST, in the first folder that has it.
  case fashionMNIST(folder: URL)
  /// MNIST's file names and format, any number of classes.
  case idx(folder: URL)
  /// The binary version of CIFAR-10.
  case cifar10(folder: URL)

  /// Where Debian's package dataset-fashion-mnist puts its files.
  private static let debianFolder = "/usr/share/datasets/fashion-mnist"

  /// The source that "fashion-mnist", "idx:FOLDER", "cifar10:FOLDER" or "cifar10" names.
  ///
  /// Without a folder a set is looked for in COPPICE_DATA (fashion-mnist or cifar-10 below it), Fashion-MNIST then
  /// where Debian puts it. A relative FOLDER is taken from `folder`. Throws `DatasetError(.unknownSource)`; no file is
  /// opened.
  package static func parse(
    _ text: String, relativeTo folder: URL = URL(fileURLWithPath: FileManager.default.currentDirectoryPath),
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> DatasetSource {
    let data = environment["COPPICE_DATA"].flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0) }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    // Joined by hand: a relative URL drops the base's last part where the base does not end in a slash.
    let named: URL? =
      parts.count < 2 || parts[1].isEmpty
      ? nil : parts[1].hasPrefix("/") ? URL(fileURLWithPath: parts[1]) : folder.appendingPathComponent(parts[1])
    switch (parts[0], named) {
    case ("fashion-mnist", nil) where parts.count == 1:
      let candidates =
        [data?.appendingPathComponent("fashion-mnist"), URL(fileURLWithPath: debianFolder)].compactMap { $0 }
      let found = candidates.first { FileManager.default.fileExists(atPath: $0.path) }
      return .fashionMNIST(folder: found ?? URL(fileURLWithPath: debianFolder))
    case ("fashion-mnist", let named?): return .fashionMNIST(folder: named)
    case ("idx", let named?): return .idx(folder: named)
    case ("cifar10", let named?): return .cifar10(folder: named)
    case ("cifar10", nil) where parts.count == 1 && data != nil:
      return .cifar10(folder: (data ?? folder).appendingPathComponent("cifar-10"))
    case ("cifar10", nil):
      throw DatasetError(
        .unknownSource, "The data set '\(text)' names no folder, and COPPICE_DATA is not set.",
        remedy: "Write cifar10:FOLDER, the folder with data_batch_1.bin to data_batch_5.bin and test_batch.bin.")
    default:
      let known = ["fashion-mnist", "idx", "cifar10"]
      let isFolder = !text.isEmpty && FileManager.default.fileExists(atPath: folder.appendingPathComponent(text).path)
      throw DatasetError(
        .unknownSource,
        known.contains(parts[0])
          ? "The data set '\(text)' names no folder."
          : "The data set '\(text)' is not known\(Spelling.hint(for: parts[0], among: known)).",
        remedy: isFolder
          ? "Say how the folder is to be read: idx:\(text) for the files of MNIST's layout, cifar10:\(text) for CIFAR-10's."
          : "Write fashion-mnist, idx:FOLDER or cifar10:FOLDER.")
    }
  }

  package var folder: URL {
    switch self {
    case .fashionMNIST(let folder), .idx(let folder), .cifar10(let folder): folder
    }
  }

  /// The files that `load` looks for, whether they are there or not.
  package var files: [URL] {
    let names =
      switch self {
      case .fashionMNIST, .idx: DatasetPart.allCases.flatMap(IDXReader.fileNames)
      case .cifar10: DatasetPart.allCases.flatMap(CIFAR10Reader.fileNames)
      }
    return names.flatMap { DatasetFile.paths(of: $0, in: folder) }.map { URL(fileURLWithPath: $0) }
  }

  /// The words that `parse` reads back to this source.
  package var description: String {
    switch self {
    case .fashionMNIST(let folder): "fashion-mnist:\(folder.path)"
    case .idx(let folder): "idx:\(folder.path)"
    case .cifar10(let folder): "cifar10:\(folder.path)"
    }
  }

  /// Reads and checks one part; a second or two for the largest. Throws `DatasetError`.
  package func load(_ part: DatasetPart) throws -> ImageDataset {
    switch self {
    case .fashionMNIST(let folder):
      try IDXReader(name: "fashion-mnist", folder: folder, classCount: 10).load(part)
    case .idx(let folder):
      try IDXReader(name: "idx", folder: folder, classCount: nil).load(part)
    case .cifar10(let folder):
      try CIFAR10Reader(folder: folder).load(part)
    }
  }
}
