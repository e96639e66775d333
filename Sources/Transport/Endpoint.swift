import Foundation
import Support

/// The addresses that may be listened on and connected to: `ipc://PATH` and `inproc://NAME`.
enum Endpoint {
  /// sockaddr_un's 108 bytes, less the closing zero.
  static let longestPath = 107

  static func check(_ endpoint: String) throws {
    if endpoint.hasPrefix("inproc://") { return }
    if endpoint.hasPrefix("ipc://") { return try checkPath(String(endpoint.dropFirst("ipc://".count))) }
    if endpoint.hasPrefix("tcp://") {
      throw TransportError(
        .insecureEndpoint, "Cannot use '\(endpoint)': a TCP endpoint needs CURVE keys, and this version has none.",
        remedy: "Run the workers on this host, over an ipc:// endpoint.")
    }
    throw TransportError(
      .unsupportedEndpoint, "Cannot use '\(endpoint)': it is not an ipc:// endpoint.",
      remedy: "Write it as ipc:///absolute/path.")
  }

  static func checkPath(_ path: String) throws {
    guard !path.isEmpty, path.utf8.count <= longestPath else {
      throw TransportError(
        .pathTooLong, "Cannot use '\(path)' as a socket: it has \(path.utf8.count) bytes of at most \(longestPath).",
        remedy: "Set XDG_RUNTIME_DIR or TMPDIR to a folder with a shorter path.")
    }
  }
}
