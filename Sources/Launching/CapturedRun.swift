import Foundation

/// A short run of a program to its end, with what it wrote to both outputs.
package struct CapturedRun: Hashable, Sendable {
  /// Nil when it was killed because its time was over.
  package let exit: Exit?
  /// The first 64 KiB.
  package let output: String

  /// Runs a program without input for at most `seconds`. Throws `LaunchError` when it cannot be started.
  package init(
    _ executable: String, _ arguments: [String], environment: [String: String]? = nil, within seconds: Double
  ) throws {
    let (input, writer) = try OwnedDescriptor.pipe()
    try input.stopBlocking()
    let child = try ChildProcess.spawn(
      ChildProcess.Launch(
        executable: executable, arguments: arguments, environment: environment,
        descriptors: [1: writer.raw, 2: writer.raw]))
    writer.close()
    var bytes = Data()
    let end = Self.now + seconds
    var isOpen = true
    while child.exit == nil, Self.now < end {
      var items = [
        pollfd(fd: child.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isOpen ? input.raw : -1, events: Int16(POLLIN), revents: 0),
      ]
      poll(&items, 2, Int32((min(3600, end - Self.now) * 1000).rounded(.up)))
      _ = try child.reap()
      isOpen = try isOpen && Self.read(input, into: &bytes)
    }
    if child.exit == nil {
      child.terminate(SIGKILL)
      _ = try child.wait()
      exit = nil
    } else {
      exit = child.exit
    }
    if isOpen { _ = try Self.read(input, into: &bytes) }
    output = String(decoding: bytes.prefix(64 * 1024), as: UTF8.self)
  }

  /// Takes what is there; false when all writers are gone.
  private static func read(_ input: OwnedDescriptor, into bytes: inout Data) throws -> Bool {
    while true {
      switch try input.readAvailable() {
      case .bytes(let more): if bytes.count < 64 * 1024 { bytes.append(more) }
      case .nothing: return true
      case .end: return false
      }
    }
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
