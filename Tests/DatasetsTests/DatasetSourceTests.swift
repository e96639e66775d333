import Datasets
import Foundation
import Testing

@Suite struct DatasetSourceTests {
  private let base = URL(fileURLWithPath: "/studies/one")

  @Test func readsTheWords() throws {
    func parse(_ text: String, _ environment: [String: String] = [:]) throws -> DatasetSource {
      try DatasetSource.parse(text, relativeTo: base, environment: environment)
    }
    #expect(try parse("idx:/data/mnist").folder.path == "/data/mnist")
    #expect(try parse("idx:data").folder.path == "/studies/one/data")
    #expect(try parse("cifar10:/data/c:10").folder.path == "/data/c:10")
    #expect(try parse("cifar10", ["COPPICE_DATA": "/data"]).folder.path == "/data/cifar-10")
    #expect(try parse("fashion-mnist").folder.path == "/usr/share/datasets/fashion-mnist")
    // A folder that does not hold the set is passed over.
    #expect(try parse("fashion-mnist", ["COPPICE_DATA": "/data"]).folder.path == "/usr/share/datasets/fashion-mnist")
    try ScratchDataset.with { scratch in
      let inner = scratch.folder.appendingPathComponent("fashion-mnist")
      try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
      #expect(try parse("fashion-mnist", ["COPPICE_DATA": scratch.folder.path]).folder.path == inner.path)
    }
  }

  @Test(arguments: ["idx:/data/mnist", "cifar10:/data/cifar", "fashion-mnist:/data/fashion"])
  func descriptionReadsBack(_ text: String) throws {
    let source = try DatasetSource.parse(text)
    #expect(source.description == text)
    #expect(try DatasetSource.parse(source.description) == source)
  }

  @Test(arguments: ["", "mnist", "idx", "idx:", "cifar10", "cifar10:", "fashion-mnist:", ":", "imagenet:/data"])
  func refuses(_ text: String) throws {
    let error = try #require(throws: DatasetError.self) {
      try DatasetSource.parse(text, relativeTo: base, environment: [:])
    }
    #expect(error.code == .unknownSource)
    // No word is said to be like itself.
    let name = String(text.prefix { $0 != ":" })
    #expect(!error.message.contains("the nearest is '\(name)'"))
    #expect(error.remedy != nil)
  }

  @Test func slipsNameWhatWasMeant() throws {
    func error(_ text: String, in folder: URL? = nil) throws -> DatasetError {
      try #require(throws: DatasetError.self) {
        try DatasetSource.parse(text, relativeTo: folder ?? base, environment: [:])
      }
    }
    #expect(try error("fashion").message.contains("the nearest is 'fashion-mnist'"))
    #expect(try error("cifar:/data").message.contains("the nearest is 'cifar10'"))
    #expect(try !error("folder").message.contains("the nearest is"))
    try ScratchDataset.with { scratch in
      let parent = scratch.folder.deletingLastPathComponent()
      let found = try error(scratch.folder.lastPathComponent, in: parent)
      #expect(found.remedy?.contains("idx:") == true)
    }
  }

  @Test func foldersThatHoldNothingSaySo() throws {
    try ScratchDataset.with { scratch in
      try scratch.writeIDX()
      for (folder, words) in [
        (scratch.folder.appendingPathComponent("gone"), "There is no data folder"),
        (scratch.folder.appendingPathComponent("train-images-idx3-ubyte"), "is a file, not a folder"),
      ] {
        let error = try #require(throws: DatasetError.self) { try DatasetSource.idx(folder: folder).load(.training) }
        #expect(error.code == .unreadable && error.message.contains(words), "\(error)")
      }
    }
  }
}
