import Foundation

/// What a read without waiting brought.
package enum PipeInput: Hashable, Sendable {
  case bytes(Data)
  /// Nothing there now.
  case nothing
  /// All writers are gone.
  case end
}

/// What a write without waiting did.
package enum PipeOutput: Hashable, Sendable {
  /// So many bytes were taken, perhaps none.
  case taken(Int)
  /// Nobody will read.
  case closed
}

extension OwnedDescriptor {
  /// Reads what is there, at most 64 KiB; the descriptor must not block.
  package func readAvailable() throws -> PipeInput {
    var bytes = Data(count: 64 * 1024)
    while true {
      let got = bytes.withUnsafeMutableBytes { read(raw, $0.baseAddress, $0.count) }
      if got > 0 { return .bytes(bytes.prefix(got)) }
      if got == 0 { return .end }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .nothing
      default: throw LaunchError("read from a pipe", errorNumber: errno)
      }
    }
  }

  /// Writes as much as fits; the descriptor must not block and `BrokenPipes.ignore()` must have been called.
  package func writeAvailable(_ bytes: Data) throws -> PipeOutput {
    var taken = 0
    while taken < bytes.count {
      let written = bytes.withUnsafeBytes { buffer in
        write(raw, buffer.baseAddress.map { $0 + taken }, buffer.count - taken)
      }
      if written >= 0 {
        taken += written
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .taken(taken)
      case EPIPE: return .closed
      default: throw LaunchError("write to a pipe", errorNumber: errno)
      }
    }
    return .taken(taken)
  }
}
