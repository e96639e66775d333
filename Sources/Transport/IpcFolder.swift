import Foundation
import Support

/// A fresh folder that only this user can enter, for the sockets of one search; removed with all that it holds at the end.
package final class IpcFolder {
  package let path: String

  /// Makes the folder under XDG_RUNTIME_DIR where that is set and exists, else under the temporary directory.
  package init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
    let base = Self.base(in: environment)
    // The longest name that `endpoint` will make, so that the fault shows here and not at the first bind.
    try Endpoint.checkPath(base + "/coppice-XXXXXX/control.socket")
    var template = Array((base + "/coppice-XXXXXX").utf8CString)
    let made: String? = template.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress, let path = mkdtemp(start) else { return nil }
      return String(cString: path)
    }
    guard let made else {
      throw TransportError(
        .folderUnavailable, "Cannot make a folder under '\(base)': \(String(cString: strerror(errno))).",
        remedy: "Set TMPDIR to a folder that you can write to.")
    }
    path = made
  }

  deinit { remove() }

  /// The `ipc://` address of a socket in this folder; throws when its path is too long.
  package func endpoint(named name: String = "control") throws -> String {
    let socketPath = path + "/" + name + ".socket"
    try Endpoint.checkPath(socketPath)
    return "ipc://" + socketPath
  }

  package func remove() { try? FileManager.default.removeItem(atPath: path) }

  private static func base(in environment: [String: String]) -> String {
    if let runtime = environment["XDG_RUNTIME_DIR"], runtime.hasPrefix("/"), access(runtime, W_OK | X_OK) == 0 {
      return trimmed(runtime)
    }
    if let temporary = environment["TMPDIR"], temporary.hasPrefix("/") { return trimmed(temporary) }
    return "/tmp"
  }

  private static func trimmed(_ path: String) -> String {
    path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }
}
