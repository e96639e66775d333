import Foundation

/// One end of an engine's two pipes, with blocking calls: the engine's end is descriptors 3 (in) and 4 (out).
///
/// Making one ignores SIGPIPE for the whole process, so that a peer that went away is an error and not a death.
package struct EngineChannel {
  private let readDescriptor: Int32
  private let writeDescriptor: Int32

  package init(readDescriptor: Int32 = 3, writeDescriptor: Int32 = 4) {
    signal(SIGPIPE, SIG_IGN)
    self.readDescriptor = readDescriptor
    self.writeDescriptor = writeDescriptor
  }

  /// Throws `WireError` `.pipeFailure` when the other end is closed.
  package func send(_ event: EngineEvent) throws { try write(event.encode()) }

  package func send(_ command: EngineCommand) throws { try write(command.encode()) }

  /// Waits for the next command; nil at the end of the file, which means: exit at once.
  package func receiveCommand() throws -> EngineCommand? { try receive(EngineCommand.self) }

  /// Waits for the next event; nil at the end of the file.
  package func receiveEvent() throws -> EngineEvent? { try receive(EngineEvent.self) }

  private func receive<Message: PipeMessage>(_ type: Message.Type) throws -> Message? {
    guard let prefix = try read(4, mayEnd: true) else { return nil }
    let length = try PipeBuffer.length(prefix)
    return try Message(pipeBody: read(length, mayEnd: false) ?? Data())
  }

  /// Exactly `count` bytes, or nil when the file ends before the first one and may.
  private func read(_ count: Int, mayEnd: Bool) throws -> Data? {
    var bytes = Data(count: count)
    var filled = 0
    while filled < count {
      let got = bytes.withUnsafeMutableBytes { buffer in
        Foundation.read(readDescriptor, buffer.baseAddress.map { $0 + filled }, count - filled)
      }
      if got > 0 {
        filled += got
      } else if got == 0 {
        if mayEnd && filled == 0 { return nil }
        throw WireError(.endedEarly, "An engine's pipe ended after \(filled) of \(count) bytes of a message.")
      } else if errno != EINTR {
        throw WireError(.pipeFailure, "Cannot read from an engine's pipe: \(String(cString: strerror(errno))).")
      }
    }
    return bytes
  }

  private func write(_ bytes: Data) throws {
    try bytes.withUnsafeBytes { buffer in
      var offset = 0
      while offset < buffer.count {
        let written = Foundation.write(writeDescriptor, buffer.baseAddress.map { $0 + offset }, buffer.count - offset)
        if written >= 0 {
          offset += written
        } else if errno != EINTR {
          throw WireError(.pipeFailure, "Cannot write to an engine's pipe: \(String(cString: strerror(errno))).")
        }
      }
    }
  }
}
