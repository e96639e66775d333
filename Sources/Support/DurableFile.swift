import Foundation

/// Files that are whole or absent, whatever happens while they are written.
package enum DurableFile {
  /// Writes to a temporary neighbour, flushes it to the disk, renames it over `url` and flushes the folder.
  package static func write(_ bytes: Data, to url: URL) throws { try write([bytes], to: url) }

  /// The same for bytes in several parts, one after the other.
  package static func write(_ parts: [Data], to url: URL) throws {
    let folder = url.deletingLastPathComponent()
    let temporary = folder.appendingPathComponent(".\(url.lastPathComponent).\(UUID().uuidString).partial")
    do {
      try writeAndSync(parts, path: temporary.path)
      guard rename(temporary.path, url.path) == 0 else {
        throw FileFault(operation: "rename to", path: url.path, errorNumber: errno)
      }
    } catch {
      unlink(temporary.path)
      throw error
    }
    try syncFolder(folder.path)
  }

  package static func syncFolder(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFault(operation: "open", path: path, errorNumber: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileFault(operation: "flush", path: path, errorNumber: errno) }
  }

  private static func writeAndSync(_ parts: [Data], path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileFault(operation: "create", path: path, errorNumber: errno) }
    defer { close(descriptor) }
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

/// A system call on a file that failed.
package struct FileFault: DescribedError, Equatable {
  package let operation: String
  package let path: String
  package let errorNumber: Int32

  package init(operation: String, path: String, errorNumber: Int32) {
    self.operation = operation
    self.path = path
    self.errorNumber = errorNumber
  }

  package var message: String { "Cannot \(operation) '\(path)': \(String(cString: strerror(errorNumber)))." }
  package var remedy: String? {
    switch errorNumber {
    case ENOSPC: "Free some space on that disk, then try again."
    case EACCES, EPERM: "Check who owns it and its permissions."
    case ENOENT: "Check the spelling of the path."
    default: nil
    }
  }
  /// Failed readings are of inputs, every other operation is part of making a file.
  package var exitCode: ExitCode {
    operation.hasPrefix("read") || operation.hasPrefix("open") ? .missingInput : .cannotCreate
  }
}
