import Foundation
import Support
import Synchronization

/// A log file that stays below a size: when it is full it becomes FILE.1, in the place of an older one, and begins again.
///
/// It is opened by the first line. Where it cannot be opened, standard error says so and takes the lines.
package final class LogFile: Sendable {
  private struct State {
    var descriptor: Int32?
    /// The file could not be opened, which has been said.
    var isMissing = false
  }

  private let path: String
  private let limit: Int
  /// Standard output and error go where the log goes, so that what no logger wrote (a crash, a library's warning) is
  /// there too.
  private let takesStandardStreams: Bool
  private let state = Mutex(State())

  /// No more than twice `limit` bytes are kept.
  package init(_ path: String, limit: Int = 16 << 20, takesStandardStreams: Bool = false) {
    self.path = path
    self.limit = limit
    self.takesStandardStreams = takesStandardStreams
  }

  deinit {
    if let descriptor = state.withLock({ $0.descriptor }) { close(descriptor) }
  }

  /// Opens the file now, for what will be written past the loggers.
  package func open() { state.withLock { _ = currentDescriptor(&$0) } }

  package func write(_ line: String) {
    state.withLock { state in
      guard let descriptor = currentDescriptor(&state) else {
        _ = writeWhole(line, to: STDERR_FILENO)
        return
      }
      guard size(of: descriptor) + line.utf8.count > limit else {
        _ = writeWhole(line, to: descriptor)
        return
      }
      _ = writeWhole(line, to: rotated(&state, descriptor))
    }
  }

  private func currentDescriptor(_ state: inout State) -> Int32? {
    if state.descriptor == nil, !state.isMissing {
      do {
        state.descriptor = try opened()
      } catch {
        state.isMissing = true
        _ = writeWhole("warning: \(error) The log goes to standard error.\n", to: STDERR_FILENO)
      }
    }
    return state.descriptor
  }

  /// Links are not followed: a study's folder may be one that others can write to.
  private func opened() throws -> Int32 {
    // Without O_NONBLOCK a named pipe would hold us until somebody reads it; it means nothing for plain files, and nothing
    // else is taken: a log that is full gets another name.
    let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
    let descriptor = Foundation.open(path, flags, 0o644)
    guard descriptor >= 0 else { throw FileFault(operation: "write log", path: path, errorNumber: errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw OutputError(.notAPlainFile, "Cannot write the log '\(path)': it is no plain file.", remedy: nil)
    }
    if takesStandardStreams {
      for standard in [STDOUT_FILENO, STDERR_FILENO] { dup2(descriptor, standard) }
    }
    return descriptor
  }

  /// Others may write to the file too, so its size is asked for.
  private func size(of descriptor: Int32) -> Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  private func rotated(_ state: inout State, _ full: Int32) -> Int32 {
    if rename(path, path + ".1") == 0, let next = try? opened() {
      close(full)
      state.descriptor = next
      return next
    }
    // The folder is gone or closed to us; what is written there is bounded all the same.
    ftruncate(full, 0)
    return full
  }
}
