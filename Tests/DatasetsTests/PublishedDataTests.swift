import Datasets
import Foundation
import Support
import Testing

/// The published sets, where this machine has them.
@Suite struct PublishedDataTests {
  @Test func fashionMNIST() throws {
    let source = try DatasetSource.parse("fashion-mnist")
    guard FileManager.default.fileExists(atPath: source.folder.path) else {
      print("PublishedDataTests: skipped, Fashion-MNIST is not in '\(source.folder.path)'.")
      return
    }
    let training = try source.load(.training)
    let test = try source.load(.test)
    #expect(training.count == 60_000)
    #expect(test.count == 10_000)
    #expect(training.imageShape == [1, 28, 28])
    #expect(training.classCount == 10)
    for label in 0..<10 as Range<UInt8> {
      #expect(training.labels.count { $0 == label } == 6_000)
      #expect(test.labels.count { $0 == label } == 1_000)
    }
    // The first labels as published: ankle boot, two T-shirts; ankle boot, pullover, trouser.
    #expect(training.labels.prefix(3) == [9, 0, 0])
    #expect(test.labels.prefix(3) == [9, 2, 1])
    // SHA-256 of the pixels and of the labels, computed once with Python's gzip and hashlib.
    #expect(Digest(of: training.images).hex == "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012")
    #expect(Digest(of: Data(test.labels)).hex == "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9")
  }

  @Test func cifar10() throws {
    let environment = ProcessInfo.processInfo.environment
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let candidates = [
      environment["COPPICE_DATA"].map { URL(fileURLWithPath: $0) },
      root.deletingLastPathComponent().appendingPathComponent("shared/data"),
    ].compactMap { $0?.appendingPathComponent("cifar-10") }
    guard let folder = candidates.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      print("PublishedDataTests: skipped, CIFAR-10 is not in \(candidates.map(\.path)).")
      return
    }
    let test = try DatasetSource.cifar10(folder: folder).load(.test)
    #expect(test.count == 10_000)
    for label in 0..<10 as Range<UInt8> { #expect(test.labels.count { $0 == label } == 1_000) }
    // Put back into records, the bytes have the published file's check sum.
    var builder = DigestBuilder()
    for (position, label) in test.labels.enumerated() {
      builder.update([label])
      builder.update(test.images[(position * 3072)..<((position + 1) * 3072)])
    }
    let digest = builder.finalize()
    #expect(digest.hex == "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b")
  }
}
