import Foundation
import Support

/// A small dataset that a network learns in seconds: each class is a blurred pattern of its own, and each image that pattern with noise.
package enum SyntheticImages {
  /// Writes four plain IDX files of `size` x `size` grey images into `folder`, labels going round the classes.
  package static func writeIDX(
    to folder: URL, training: Int = 1200, test: Int = 400, classes: Int = 10, size: Int = 28, seed: UInt64 = 1
  ) throws {
    let patterns = (0..<classes).map { label -> [Double] in
      var generator = SeededGenerator(seed: seed, stream: "pattern-\(label)")
      // Coarse blocks of four pixels, so that pooling does not wash the patterns out.
      let blocks = (0..<(size / 4) * (size / 4)).map { _ in generator.uniform() * 160 }
      return (0..<size * size).map {
        blocks[min($0 / size / 4, size / 4 - 1) * (size / 4) + min($0 % size / 4, size / 4 - 1)]
      }
    }
    for (name, count) in [("train", training), ("t10k", test)] {
      var generator = SeededGenerator(seed: seed, stream: name)
      var pixels = Data(capacity: count * size * size)
      var labels = Data(capacity: count)
      for sample in 0..<count {
        labels.append(UInt8(sample % classes))
        for value in patterns[sample % classes] {
          pixels.append(UInt8(min(255, max(0, value + (generator.uniform() - 0.5) * 190))))
        }
      }
      try (header(type: 3, [count, size, size]) + pixels).write(
        to: folder.appendingPathComponent("\(name)-images-idx3-ubyte"))
      try (header(type: 1, [count]) + labels).write(to: folder.appendingPathComponent("\(name)-labels-idx1-ubyte"))
    }
  }

  private static func header(type: UInt8, _ sizes: [Int]) -> Data {
    sizes.reduce(into: Data([0, 0, 8, type])) { bytes, size in
      withUnsafeBytes(of: UInt32(size).bigEndian) { bytes.append(contentsOf: $0) }
    }
  }
}
