import ArtifactStore
import Foundation
import Support
import TestSupport
import Testing

@Suite struct ArtifactStoreTests {
  @Test func blobsComeBackByTheirNames() throws {
    let folder = try TemporaryFolder()
    let store = try ArtifactStore(folder: folder.url)
    // The digest of "abc" is the example of FIPS 180-2, appendix B.1.
    let name = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    let digest = try store.put(Data("abc".utf8))
    #expect(digest.hex == name)
    #expect(store.url(of: digest).path.hasSuffix("objects/ba/\(name.dropFirst(2))"))
    #expect(try store.read(digest) == Data("abc".utf8))
    #expect(store.contains(digest) && store.size(of: digest) == 3)
    let empty = try store.put(Data())
    #expect(try store.read(empty).isEmpty)
    #expect(try store.list().map(\.size) == [3, 0])
    #expect(try store.totalSize() == 3)
    try store.delete(digest)
    try store.delete(digest)
    #expect(!store.contains(digest))
    #expect(code { _ = try store.read(digest) } == .missing)
  }

  @Test func puttingTwiceChangesNothing() throws {
    let folder = try TemporaryFolder()
    let store = try ArtifactStore(folder: folder.url)
    let digest = try store.put(Data("x".utf8))
    let before = try FileManager.default.attributesOfItem(atPath: store.url(of: digest).path)
    #expect(try store.put(Data("x".utf8)) == digest)
    let after = try FileManager.default.attributesOfItem(atPath: store.url(of: digest).path)
    #expect(before[.systemFileNumber] as? Int == after[.systemFileNumber] as? Int)
    #expect(after[.posixPermissions] as? Int == 0o444)
    #expect(try partials(in: folder).isEmpty)
  }

  @Test func damageIsFoundAndMended() throws {
    let folder = try TemporaryFolder()
    let store = try ArtifactStore(folder: folder.url)
    let bytes = Data((0..<5000).map { UInt8(truncatingIfNeeded: $0) })
    let digest = try store.put(bytes)
    let url = store.url(of: digest)
    var damaged = bytes
    damaged[4000] ^= 1
    try FileManager.default.removeItem(at: url)
    try damaged.write(to: url)
    #expect(code { _ = try store.read(digest) } == .corrupt)
    // It is out of the way now, and kept.
    #expect(!store.contains(digest))
    #expect(code { _ = try store.read(digest) } == .missing)
    let kept = try FileManager.default.contentsOfDirectory(atPath: folder.file("damaged").path)
    #expect(kept.count == 1 && kept[0].hasPrefix(digest.hex))
    try bytes.prefix(100).write(to: url)
    #expect(code { _ = try store.read(digest) } == .corrupt)
    // A blob that is too short was cut off, and putting the bytes again mends it.
    try bytes.prefix(100).write(to: url)
    #expect(try store.put(bytes) == digest)
    #expect(try store.read(digest) == bytes)
  }

  /// A flipped bit leaves the size as it is.
  @Test(arguments: [false, true]) func damageOfTheRightSizeIsMendedByStoringAgain(byAdopting: Bool) throws {
    let folder = try TemporaryFolder()
    let store = try ArtifactStore(folder: folder.url.appendingPathComponent("store"))
    // Two pieces of 1 MiB and a rest.
    let bytes = Data((0..<(2 << 20) + 9).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    let digest = try store.put(bytes)
    var damaged = bytes
    damaged[damaged.count - 1] ^= 0x10
    try FileManager.default.removeItem(at: store.url(of: digest))
    try damaged.write(to: store.url(of: digest))
    if byAdopting {
      let file = folder.file("again")
      try bytes.write(to: file)
      #expect(try store.adopt(file) == digest)
    } else {
      #expect(try store.put(bytes) == digest)
    }
    #expect(try Data(contentsOf: store.url(of: digest)) == bytes)
  }

  @Test func linksAndSpecialFilesAreNotFollowed() throws {
    let folder = try TemporaryFolder()
    let store = try ArtifactStore(folder: folder.url)
    let digest = try store.put(Data("secret".utf8))
    let url = store.url(of: digest)
    let elsewhere = folder.file("elsewhere")
    try FileManager.default.moveItem(at: url, to: elsewhere)
    try FileManager.default.createSymbolicLink(at: url, withDestinationURL: elsewhere)
    #expect(!store.contains(digest))
    #expect(code { _ = try store.read(digest) } == .notAFile)
    try FileManager.default.removeItem(at: url)
    #expect(mkfifo(url.path, 0o600) == 0)
    #expect(code { _ = try store.read(digest) } == .notAFile)
    #expect(code { _ = try store.adopt(folder.url) } == .notAFile)
  }

  @Test func adoptedFilesMoveIn() throws {
    let folder = try TemporaryFolder()
    let store = try ArtifactStore(folder: folder.url.appendingPathComponent("store"))
    // More than one piece of 1 MiB, and not a whole number of them.
    let bytes = Data((0..<(5 << 19) + 7).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    for _ in 0..<2 {
      let file = folder.file("big")
      try bytes.write(to: file)
      #expect(try store.adopt(file) == Digest(of: bytes))
      #expect(!FileManager.default.fileExists(atPath: file.path))
    }
    #expect(try store.read(Digest(of: bytes)) == bytes)
    #expect(throws: FileFault.self) { try store.adopt(folder.file("nothing")) }
  }

  @Test func deadWritersLeaveNothingAndLivingOnesAreLeftAlone() throws {
    let folder = try TemporaryFolder()
    _ = try ArtifactStore(folder: folder.url)
    let temporary = folder.file("temporary")
    try Data("half".utf8).write(to: temporary.appendingPathComponent("dead"))
    let living = open(temporary.appendingPathComponent("living").path, O_WRONLY | O_CREAT, 0o644)
    defer { close(living) }
    #expect(flock(living, LOCK_EX) == 0)
    _ = try ArtifactStore(folder: folder.url)
    #expect(try partials(in: folder) == ["living"])
  }

  /// Many writers and openers in one folder, with overlapping blobs.
  @Test func manyWritersShareAFolder() async throws {
    let folder = try TemporaryFolder()
    let url = folder.url
    let blobs = (0..<12).map { Data(repeating: UInt8($0), count: 1000 * $0) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<8 {
        group.addTask {
          for round in 0..<12 {
            let store = try ArtifactStore(folder: url)
            let blob = blobs[(writer + round) % blobs.count]
            let digest = try store.put(blob)
            let back = try store.read(digest)
            #expect(back == blob)
          }
        }
      }
      try await group.waitForAll()
    }
    let store = try ArtifactStore(folder: url)
    #expect(Set(try store.list().map(\.digest)) == Set(blobs.map { Digest(of: $0) }))
    #expect(try partials(in: folder).isEmpty)
  }

  private func partials(in folder: TemporaryFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.file("temporary").path).sorted()
  }

  private func code(_ body: () throws -> Void) -> ArtifactError.Code? {
    do {
      try body()
      return nil
    } catch {
      return (error as? ArtifactError)?.code
    }
  }
}
