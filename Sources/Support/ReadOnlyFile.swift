import Foundation

/// A plain file open for reading, whose size is known before a byte of it is held in memory.
package final class ReadOnlyFile {
  package let path: String
  /// Bytes in the file when it was opened.
  package let size: Int
  private let descriptor: Int32

  /// Throws `FileFault` when the file cannot be opened or is no plain file; a link is refused unless `followsLinks`.
  package init(_ path: String, followsLinks: Bool = true) throws {
    // Without O_NONBLOCK a named pipe would hold us until somebody writes to it.
    let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW)
    let descriptor = open(path, flags)
    guard descriptor >= 0 else { throw FileFault(operation: "open", path: path, errorNumber: errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let number = errno
      close(descriptor)
      throw FileFault(operation: "examine", path: path, errorNumber: number)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw FileFault(
        operation: "read", path: path, errorNumber: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
    }
    self.path = path
    self.descriptor = descriptor
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// `count` bytes from `offset`; throws `FileFault` when the file has become shorter.
  package func read(offset: Int, count: Int) throws -> Data {
    var result = Data(count: count)
    try result.withUnsafeMutableBytes { buffer in
      var done = 0
      while done < buffer.count {
        let got = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
        if got < 0 && errno == EINTR { continue }
        guard got > 0 else { throw FileFault(operation: "read", path: path, errorNumber: got < 0 ? errno : EIO) }
        done += got
      }
    }
    return result
  }

  package func readAll() throws -> Data { try read(offset: 0, count: size) }
}
