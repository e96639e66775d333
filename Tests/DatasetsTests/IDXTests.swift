import Datasets
import Foundation
import Testing

/// The IDX format: right files, and every way in which one can be wrong.
@Suite struct IDXTests {
  @Test func readsImagesAndLabels() throws {
    try ScratchDataset.with { scratch in
      try scratch.writeIDX()
      let training = try DatasetSource.idx(folder: scratch.folder).load(.training)
      #expect(training.count == 3)
      #expect(training.imageShape == [1, 2, 3])
      #expect(training.labels == [2, 0, 1])
      #expect([UInt8](training.images) == [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23, 24, 25])
      #expect(training.classCount == 3)
      // The test part has only the label 1, yet as many classes as the training part.
      #expect(try DatasetSource.idx(folder: scratch.folder).load(.test).classCount == 3)
    }
  }

  @Test func packingDoesNotMatter() throws {
    let plain = try ScratchDataset.with { scratch in
      try scratch.writeIDX()
      return try DatasetSource.idx(folder: scratch.folder).load(.training)
    }
    try ScratchDataset.with { scratch in
      // Two gzip members behind each other are one file.
      let images = ScratchDataset.images(3)
      let packed = ScratchDataset.gzipped(images.prefix(20)) + ScratchDataset.gzipped(Data(images.dropFirst(20)))
      try scratch.write("train-images-idx3-ubyte.gz", packed)
      try scratch.write("train-labels-idx1-ubyte.gz", ScratchDataset.gzipped(ScratchDataset.labels([2, 0, 1])))
      let read = try DatasetSource.idx(folder: scratch.folder).load(.training)
      #expect(read.digest == plain.digest)
      #expect(read.images == plain.images)
    }
  }

  @Test func digestTellsExamplesApart() throws {
    let images = Data([1, 2, 3, 4])
    func digest(_ images: Data, _ labels: [UInt8], height: Int = 1, width: Int = 2) throws -> String {
      try ImageDataset(
        name: "x", channels: 1, height: height, width: width, classCount: 5, images: images, labels: labels
      ).digest.hex
    }
    let digests = try [
      digest(images, [0, 1]), digest(images, [1, 0]), digest(Data([1, 2, 4, 3]), [0, 1]),
      digest(images, [0, 1], height: 2, width: 1),
    ]
    #expect(Set(digests).count == 4)
  }

  struct Damage: CustomTestStringConvertible {
    let what: String
    let file: String
    let bytes: Data?
    let code: DatasetError.Code
    let words: String
    var testDescription: String { what }
  }

  static let images = "train-images-idx3-ubyte"
  static let labels = "train-labels-idx1-ubyte"
  static let damages: [Damage] = [
    Damage(what: "missing images", file: images, bytes: nil, code: .unreadable, words: "There is no '\(images)'"),
    Damage(what: "missing labels", file: labels, bytes: nil, code: .unreadable, words: labels),
    Damage(
      what: "short images", file: images, bytes: ScratchDataset.images(3).dropLast(), code: .truncated,
      words: "ends after 33 bytes; 3 images of 2x3 take 34"),
    Damage(
      what: "short header", file: images, bytes: Data(ScratchDataset.images(3).prefix(9)), code: .truncated,
      words: "ends after 9 bytes"),
    Damage(what: "empty", file: labels, bytes: Data(), code: .truncated, words: "is empty: it has 0 bytes"),
    Damage(
      what: "trailing byte", file: images, bytes: ScratchDataset.images(3) + Data([0]), code: .malformed,
      words: "goes on behind byte 34"),
    Damage(
      what: "swapped", file: images, bytes: ScratchDataset.idx(magic: 2049, sizes: [3, 2, 3], []), code: .malformed,
      words: "the number 2049 where an IDX file of this kind has 2051"),
    Damage(
      what: "fewer labels", file: labels, bytes: ScratchDataset.labels([1, 0]), code: .countMismatch,
      words: "holds 3 images, but"),
    Damage(
      what: "huge", file: images, bytes: ScratchDataset.idx(magic: 2051, sizes: [.max, 4096, 4096], []),
      code: .tooLarge, words: "4294967295 images of 4096x4096"),
    Damage(
      what: "huge sides", file: images, bytes: ScratchDataset.idx(magic: 2051, sizes: [1, .max, .max], []),
      code: .tooLarge, words: "4294967295x4294967295"),
  ]

  @Test(arguments: damages) func refuses(_ damage: Damage) throws {
    try ScratchDataset.with { scratch in
      try scratch.writeIDX()
      if let bytes = damage.bytes {
        try scratch.write(damage.file, bytes)
      } else {
        try FileManager.default.removeItem(at: scratch.folder.appendingPathComponent(damage.file))
      }
      let error = try #require(throws: DatasetError.self) {
        try DatasetSource.idx(folder: scratch.folder).load(.training)
      }
      #expect(error.code == damage.code)
      #expect(error.message.contains(damage.words), "\(error)")
      #expect(error.message.contains(scratch.folder.path), "\(error)")
      #expect(error.remedy != nil)
    }
  }

  @Test func refusesLabelsWithoutAClass() throws {
    try ScratchDataset.with { scratch in
      try scratch.writeIDX()
      try scratch.write(Self.labels, ScratchDataset.labels([2, 10, 1]))
      let error = try #require(throws: DatasetError.self) {
        try DatasetSource.fashionMNIST(folder: scratch.folder).load(.training)
      }
      #expect(error.code == .labelOutOfRange)
      #expect(error.message.contains("the label 10 for example 1 (byte 9); there are 10 classes"), "\(error)")
      try scratch.writeIDX()
      try scratch.write("t10k-labels-idx1-ubyte", ScratchDataset.labels([1, 3]))
      #expect(throws: DatasetError.self) { try DatasetSource.idx(folder: scratch.folder).load(.test) }
    }
  }

  @Test func refusesDamagedPacking() throws {
    try ScratchDataset.with { scratch in
      try scratch.writeIDX()
      try FileManager.default.removeItem(at: scratch.folder.appendingPathComponent(Self.images))
      let whole = ScratchDataset.gzipped(ScratchDataset.images(3))
      for (bytes, code) in [
        (Data(whole.dropLast(12)), DatasetError.Code.truncated), (whole + Data("tail".utf8), .malformed),
        (Data("no gzip at all".utf8), .malformed), (Data(), .truncated),
      ] {
        try scratch.write(Self.images + ".gz", bytes)
        let error = try #require(throws: DatasetError.self) {
          try DatasetSource.idx(folder: scratch.folder).load(.training)
        }
        #expect(error.code == code, "\(error)")
      }
      // A header that promises far more than the packed bytes can hold.
      let promise = ScratchDataset.idx(magic: 2051, sizes: [100, 4096, 4096], [])
      try scratch.write(Self.images + ".gz", ScratchDataset.gzipped(promise))
      let error = try #require(throws: DatasetError.self) {
        try DatasetSource.idx(folder: scratch.folder).load(.training)
      }
      #expect(error.code == .truncated, "\(error)")
    }
  }
}
