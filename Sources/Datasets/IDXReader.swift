import Foundation

/// The IDX format of MNIST and its successors: a big-endian magic and sizes, then bytes.
///
/// Files have the usual names (train-images-idx3-ubyte, t10k-labels-idx1-ubyte), plain or packed.
struct IDXReader {
  let name: String
  let folder: URL
  /// Known for published sets; else one more than the largest training label.
  let classCount: Int?

  private static let labelMagic = 2049
  private static let imageMagic = 2051
  private static let maximumSide = 4096

  func load(_ part: DatasetPart) throws -> ImageDataset {
    let images = try DatasetFile("\(Self.prefix(of: part))-images-idx3-ubyte", in: folder)
    let sizes = try header(of: images, magic: Self.imageMagic, axes: 3)
    let (count, height, width) = (sizes[0], sizes[1], sizes[2])
    guard (1...Self.maximumSide).contains(height), (1...Self.maximumSide).contains(width),
      count <= DatasetFile.maximumBytes / (height * width)
    else {
      throw DatasetError(
        .tooLarge, "'\(images.path)' says that it holds \(count) images of \(height)x\(width).",
        remedy: "Fetch the file again.")
    }
    let pixels = try images.contents(
      count: 16 + count * height * width, meaning: "\(count) images of \(height)x\(width)")
    let (labels, labelPath) = try readLabels(part)
    guard labels.count == count else {
      throw DatasetError(
        .countMismatch, "'\(images.path)' holds \(count) images, but '\(labelPath)' \(labels.count) labels.",
        remedy: "Check that both belong to the same data set.")
    }
    var classes = classCount
    if classes == nil {
      let training = part == .training ? labels : try readLabels(.training).labels
      classes = Int(training.max() ?? 0) + 1
    }
    if let classes, let position = labels.firstIndex(where: { Int($0) >= classes }) {
      throw DatasetError(
        .labelOutOfRange,
        "'\(labelPath)' has the label \(labels[position]) for example \(position) (byte \(8 + position)); there are \(classes) classes.",
        remedy: "Fetch the file again.")
    }
    return try ImageDataset(
      name: name, channels: 1, height: height, width: width, classCount: classes ?? 0,
      images: Data(pixels.dropFirst(16)), labels: labels)
  }

  private func readLabels(_ part: DatasetPart) throws -> (labels: [UInt8], path: String) {
    let file = try DatasetFile("\(Self.prefix(of: part))-labels-idx1-ubyte", in: folder)
    let count = try header(of: file, magic: Self.labelMagic, axes: 1)[0]
    guard count <= DatasetFile.maximumBytes else {
      throw DatasetError(.tooLarge, "'\(file.path)' says that it holds \(count) labels.")
    }
    return ([UInt8](try file.contents(count: 8 + count, meaning: "\(count) labels").dropFirst(8)), file.path)
  }

  static func fileNames(_ part: DatasetPart) -> [String] {
    ["images-idx3-ubyte", "labels-idx1-ubyte"].map { "\(prefix(of: part))-\($0)" }
  }

  private static func prefix(of part: DatasetPart) -> String {
    switch part {
    case .training: "train"
    case .test: "t10k"
    }
  }

  /// The sizes behind the magic.
  private func header(of file: DatasetFile, magic: Int, axes: Int) throws -> [Int] {
    let length = 4 * (axes + 1)
    let bytes = [UInt8](try file.prefix(length))
    guard bytes.count == length else {
      throw DatasetError(
        .truncated, "'\(file.path)' ends after \(bytes.count) bytes; its header alone takes \(length).",
        remedy: "Fetch the file again.")
    }
    let words = (0...axes).map { word in (0..<4).reduce(0) { $0 << 8 | Int(bytes[4 * word + $1]) } }
    guard words[0] == magic else {
      throw DatasetError(
        .malformed, "'\(file.path)' begins with the number \(words[0]) where an IDX file of this kind has \(magic).",
        remedy: "Check that images and labels are not swapped, and that the file is an IDX file.")
    }
    return Array(words.dropFirst())
  }
}
