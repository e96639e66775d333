import Foundation

/// Folders within one that is there.
package enum ChildFolder {
  /// Makes the folder when it is not there; the one that holds it must be, and is never made: where it was moved or removed
  /// meanwhile, a second one in its place would collect what belongs to the first.
  package static func make(at url: URL) throws {
    guard mkdir(url.path, 0o755) == 0 || errno == EEXIST else {
      throw FileFault(operation: "make the folder", path: url.path, errorNumber: errno)
    }
  }
}
