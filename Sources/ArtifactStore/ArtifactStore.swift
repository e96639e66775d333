import Foundation
import Support

/// A folder of blobs named by their SHA-256: `objects/ab/cdef...`, each whole, read-only and never changed.
///
/// Any number of processes may put, read and delete in one folder at the same time.
package struct ArtifactStore: Sendable {
  package let folder: URL

  /// Opens the folder, makes it when it is not there, and removes what dead writers left half-written.
  package init(folder: URL) throws {
    try Folders.make(at: folder)
    try self.init(existing: folder)
  }

  /// The same for a folder that somebody else has made and may move: where it is not, none is made.
  package init(existing folder: URL) throws {
    self.folder = folder
    for part in [objects, temporary] { try ChildFolder.make(at: part) }
    PartialFile.reap(in: temporary)
  }

  /// Stores `bytes` durably and returns their name; what is there already is read through, and replaced where it is damaged.
  package func put(_ bytes: Data) throws -> Digest {
    let digest = Digest(of: bytes)
    if try settle(digest) { return digest }
    let partial = try PartialFile(in: temporary)
    try partial.write(bytes)
    try publish(partial, as: digest)
    return digest
  }

  /// Takes over a finished file: its bytes are stored and the file is gone afterwards.
  package func adopt(_ file: URL) throws -> Digest {
    let source = try ReadableFile(file.path)
    let partial = try PartialFile(in: temporary)
    var digest = DigestBuilder()
    while let piece = try source.next() {
      digest.update(piece)
      try partial.write(piece)
    }
    let name = digest.finalize()
    if try !settle(name) { try publish(partial, as: name) }
    guard unlink(file.path) == 0 else { throw FileFault(operation: "remove", path: file.path, errorNumber: errno) }
    return name
  }

  /// Where a blob lies, whether it is there or not; readers that cannot check the hash should use `read`.
  package func url(of digest: Digest) -> URL { Self.url(of: digest, in: folder) }

  /// The same in a folder that is only looked into.
  package static func url(of digest: Digest, in folder: URL) -> URL {
    shelf(of: digest, in: folder).appendingPathComponent(String(digest.hex.dropFirst(2)))
  }

  /// The blob's bytes, after their hash was checked; a link in the blob's place is not followed.
  ///
  /// A blob whose hash is wrong is moved out of its place, to the folder `damaged`: from then on it is missing, and whoever can
  /// make it may put it again.
  package func read(_ digest: Digest) throws -> Data {
    let path = url(of: digest).path
    let file: ReadableFile
    do {
      file = try ReadableFile(path)
    } catch let fault as FileFault where fault.errorNumber == ENOENT {
      throw ArtifactError(
        .missing, "The artifact \(digest.short) is not in '\(folder.path)'.",
        remedy: "Was the study's folder copied or cleaned? Run the evaluation that made it again.")
    }
    let bytes = try file.readToEnd()
    let found = Digest(of: bytes)
    guard found == digest else {
      let kept = setAside(digest, identity: file.identity)
      throw ArtifactError(
        .corrupt, "The artifact '\(path)' has \(bytes.count) bytes with the hash \(found.short).",
        remedy: "Its disk may be failing. "
          + (kept.map { "The file was moved to '\($0)'. Run" } ?? "Delete the file, then run")
          + " the evaluation that made it again.")
    }
    return bytes
  }

  package func contains(_ digest: Digest) -> Bool { size(of: digest) != nil }

  /// Bytes of the blob, or nil when it is not there.
  package func size(of digest: Digest) -> Int? {
    var status = stat()
    guard lstat(url(of: digest).path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }

  /// All blobs with their sizes in bytes, in the order of their names.
  package func list() throws -> [(digest: Digest, size: Int)] {
    var found: [(digest: Digest, size: Int)] = []
    for prefix in try Folders.names(in: objects) {
      let shelf = objects.appendingPathComponent(prefix)
      // A shelf may vanish, or not be a folder of ours at all: neither is a reason to fail.
      for name in ((try? FileManager.default.contentsOfDirectory(atPath: shelf.path)) ?? []).sorted() {
        if let digest = Digest(hex: prefix + name), let size = size(of: digest) { found.append((digest, size)) }
      }
    }
    return found
  }

  /// Bytes of all blobs together.
  package func totalSize() throws -> Int { try list().reduce(0) { $0 + $1.size } }

  /// Removes a blob; one that is not there is no error.
  package func delete(_ digest: Digest) throws {
    let path = url(of: digest).path
    guard unlink(path) == 0 || errno == ENOENT else {
      throw FileFault(operation: "remove", path: path, errorNumber: errno)
    }
  }

  private var objects: URL { Self.objects(in: folder) }

  private static func objects(in folder: URL) -> URL { folder.appendingPathComponent("objects") }
  private var temporary: URL { folder.appendingPathComponent("temporary") }
  private func shelf(of digest: Digest) -> URL { Self.shelf(of: digest, in: folder) }

  private static func shelf(of digest: Digest, in folder: URL) -> URL {
    objects(in: folder).appendingPathComponent(String(digest.hex.prefix(2)))
  }

  /// True when the blob is there, whole and durable: another process may have renamed it into place but not flushed the folder
  /// yet. A size says nothing of a flipped bit, so it is read; one that is not whole is replaced by the caller.
  private func settle(_ digest: Digest) throws -> Bool {
    guard contains(digest), let file = try? ReadableFile(url(of: digest).path) else { return false }
    var found = DigestBuilder()
    // A disk that cannot read it has not got it.
    do { while let piece = try file.next() { found.update(piece) } } catch { return false }
    guard found.finalize() == digest else { return false }
    try DurableFile.syncFolder(shelf(of: digest).path)
    return true
  }

  /// Moves a damaged blob out of its place; nil where that cannot be done. A whole one that took its place meanwhile is put back.
  private func setAside(_ digest: Digest, identity: ReadableFile.Identity) -> String? {
    let folder = self.folder.appendingPathComponent("damaged")
    guard mkdir(folder.path, 0o755) == 0 || errno == EEXIST else { return nil }
    let place = folder.appendingPathComponent("\(digest.hex)-\(UUID().uuidString.prefix(8))").path
    guard rename(url(of: digest).path, place) == 0 else { return nil }
    if let moved = try? ReadableFile(place), moved.identity != identity {
      rename(place, url(of: digest).path)
      return nil
    }
    return place
  }

  private func publish(_ partial: borrowing PartialFile, as digest: Digest) throws {
    let shelf = shelf(of: digest)
    if mkdir(shelf.path, 0o755) == 0 {
      try DurableFile.syncFolder(objects.path)
    } else if errno != EEXIST {
      throw FileFault(operation: "make the folder", path: shelf.path, errorNumber: errno)
    }
    try partial.publish(as: url(of: digest).path)
    try DurableFile.syncFolder(shelf.path)
  }
}
