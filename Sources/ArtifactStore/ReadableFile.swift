import Foundation
import Support

/// A plain file that is open for reading; links and special files are refused.
struct ReadableFile: ~Copyable {
  /// Tells a file from another that gets its name.
  struct Identity: Equatable {
    let device: UInt64
    let node: UInt64
  }

  private static let pieceSize = 1 << 20

  let identity: Identity

  private let path: String
  private let descriptor: Int32

  init(_ path: String) throws {
    // Non-blocking, or a named pipe in the file's place would hang us; it means nothing for plain files.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    self.path = path
    let fault = errno
    var status = stat()
    let isFile = descriptor >= 0 && fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    identity = Identity(device: UInt64(status.st_dev), node: UInt64(status.st_ino))
    guard descriptor >= 0 else {
      if fault == ELOOP { throw Self.notAFile(path) }
      throw FileFault(operation: "open", path: path, errorNumber: fault)
    }
    guard isFile else { throw Self.notAFile(path) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// The next piece of at most 1 MiB, or nil at the end.
  func next() throws -> Data? {
    var piece = Data(count: Self.pieceSize)
    while true {
      let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileFault(operation: "read", path: path, errorNumber: errno)
      }
      return count == 0 ? nil : piece.prefix(count)
    }
  }

  func readToEnd() throws -> Data {
    var bytes = Data()
    while let piece = try next() { bytes.append(piece) }
    return bytes
  }

  private static func notAFile(_ path: String) -> ArtifactError {
    ArtifactError(
      .notAFile, "'\(path)' is not a plain file.", remedy: "Replace the link or special file by the file itself.")
  }
}
