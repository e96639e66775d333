import Foundation

/// Files that are whole or absent, whatever happens while they are written.
package enum DurableFile {
  /// Writes to a temporary neighbour, flushes it to the disk, renames it over `url` and flushes the folder.
  package static func write(_ bytes: Data, to url: URL) throws { try write([bytes], to: url) }

  /// The same for bytes in several parts, one after the other. The new file gets the permissions, and as far as we may the
  /// owner, of the one that it takes the place of, where that is given.
  package static func write(_ parts: [Data], to url: URL, replacing existing: stat? = nil) throws {
    let folder = url.deletingLastPathComponent()
    // A name may have 255 bytes, the temporary one too.
    let name = String(decoding: url.lastPathComponent.utf8.prefix(64), as: UTF8.self)
    let temporary = folder.appendingPathComponent(".\(name).\(UUID().uuidString).partial").path
    do {
      try writeAndSync(parts, to: temporary, for: url.path, replacing: existing)
      guard rename(temporary, url.path) == 0 else {
        throw FileFault(operation: "rename to", path: url.path, errorNumber: errno)
      }
    } catch {
      unlink(temporary)
      throw error
    }
    do {
      try syncFolder(folder.path)
    } catch let fault as FileFault where fault.errorNumber == EACCES {
      // A folder that we may write to but not read: the file is there, and nobody but its owner can flush the folder.
    }
  }

  package static func syncFolder(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFault(operation: "flush", path: path, errorNumber: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileFault(operation: "flush", path: path, errorNumber: errno) }
  }

  /// Faults name `path`, the file that its user knows of.
  private static func writeAndSync(
    _ parts: [Data], to temporary: String, for path: String, replacing existing: stat?
  ) throws {
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileFault(operation: "create", path: path, errorNumber: errno) }
    defer { close(descriptor) }
    if let existing {
      // The owner first: changing it takes permissions away.
      _ = fchown(descriptor, existing.st_uid, existing.st_gid)
      _ = fchmod(descriptor, existing.st_mode & 0o777)
    }
    for bytes in parts { try write(bytes, to: descriptor, path: path) }
    guard fsync(descriptor) == 0 else { throw FileFault(operation: "flush", path: path, errorNumber: errno) }
  }

  private static func write(_ bytes: Data, to descriptor: Int32, path: String) throws {
    try bytes.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return }
      var offset = 0
      while offset < buffer.count {
        let written = Foundation.write(descriptor, start + offset, buffer.count - offset)
        if written < 0 {
          if errno == EINTR { continue }
          throw FileFault(operation: "write", path: path, errorNumber: errno)
        }
        offset += written
      }
    }
  }
}
