import Foundation

/// A fresh folder that lasts as long as this object.
package final class TemporaryFolder: Sendable {
  package let url: URL

  package init(_ name: String = "coppice-test") throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("\(name)-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  package func file(_ name: String) -> URL { url.appendingPathComponent(name) }
}
