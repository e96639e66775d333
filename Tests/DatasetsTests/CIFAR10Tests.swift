import Datasets
import Foundation
import Testing

/// CIFAR-10's records, in files shorter than the published ones.
@Suite struct CIFAR10Tests {
  /// Record n of file f: label (f + n) % 10, red n, green f, blue 7.
  private func file(_ number: Int, records: Int) -> Data {
    var bytes = Data()
    for record in 0..<records {
      bytes.append(UInt8((number + record) % 10))
      for value in [record, number, 7] { bytes.append(Data(repeating: UInt8(value), count: 1024)) }
    }
    return bytes
  }

  private func write(_ scratch: ScratchDataset, records: Int) throws {
    for number in 1...5 { try scratch.write("data_batch_\(number).bin", file(number, records: records)) }
    try scratch.write("test_batch.bin", file(0, records: records))
  }

  @Test func readsRecordsInOrder() throws {
    try ScratchDataset.with { scratch in
      try write(scratch, records: 3)
      // One of the files packed: the result is the same.
      try FileManager.default.removeItem(at: scratch.folder.appendingPathComponent("data_batch_2.bin"))
      try scratch.write("data_batch_2.bin.gz", ScratchDataset.gzipped(file(2, records: 3)))
      let training = try CIFAR10Reader(folder: scratch.folder, recordsPerFile: 3).load(.training)
      #expect(training.count == 15)
      #expect(training.imageShape == [3, 32, 32])
      #expect(training.classCount == 10)
      #expect(training.labels == [1, 2, 3, 2, 3, 4, 3, 4, 5, 4, 5, 6, 5, 6, 7])
      for (image, expected) in [(0, [0, 1, 7]), (4, [1, 2, 7]), (14, [2, 5, 7])] {
        let planes = (0..<3).map { plane in Int(training.images[image * 3072 + plane * 1024 + 1023]) }
        #expect(planes == expected)
      }
      #expect(try CIFAR10Reader(folder: scratch.folder, recordsPerFile: 3).load(.test).labels == [0, 1, 2])
    }
  }

  @Test func refusesWrongFiles() throws {
    try ScratchDataset.with { scratch in
      try write(scratch, records: 2)
      func code(_ reader: CIFAR10Reader) throws -> DatasetError.Code {
        try #require(throws: DatasetError.self) { try reader.load(.training) }.code
      }
      #expect(try code(CIFAR10Reader(folder: scratch.folder)) == .truncated)
      #expect(try code(CIFAR10Reader(folder: scratch.folder, recordsPerFile: 1)) == .malformed)
      var bytes = file(4, records: 2)
      bytes[3073] = 10
      try scratch.write("data_batch_4.bin", bytes)
      let error = try #require(throws: DatasetError.self) {
        try CIFAR10Reader(folder: scratch.folder, recordsPerFile: 2).load(.training)
      }
      #expect(error.code == .labelOutOfRange)
      #expect(error.message.contains("data_batch_4.bin"))
      #expect(error.message.contains("the label 10 at byte 3073 (record 1)"), "\(error)")
    }
  }
}
