import Foundation

/// Where the path of a file leads that is to be written.
enum LinkedPath {
  /// As many links as the kernel follows (path_resolution(7)).
  private static let mostLinks = 40

  /// The absolute path behind all links, whether or not a file is there. Throws `OutputError` or `FileFault`, which name `path`.
  static func end(of path: String) throws -> String {
    var place = path
    for _ in 0...mostLinks {
      guard let name = place.split(separator: "/", omittingEmptySubsequences: false).last, !name.isEmpty else {
        throw OutputError(
          .notAPlainFile, "Cannot write '\(path)': it is a folder.", remedy: "Add the name of a file to the path.")
      }
      let parent = try resolved(folder: folder(of: place), of: path)
      // /dev/stdout leads here, too. The file behind a descriptor is not ours to replace: its owner goes on writing to the old one.
      guard parent != "/proc", !parent.hasPrefix("/proc/") else {
        throw OutputError(
          .notAPlainFile, "Cannot write '\(path)': it leads to an open file of a process, not to a plain file.",
          remedy: "Name a plain file, or a new one.")
      }
      place = (parent == "/" ? "" : parent) + "/" + name
      guard let next = try link(at: place, of: path) else { return place }
      place = next.hasPrefix("/") ? next : parent + "/" + next
    }
    throw FileFault(operation: "create", path: path, errorNumber: ELOOP)
  }

  /// The folder that holds the file, as the path has it.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func resolved(folder: String, of path: String) throws -> String {
    guard let resolved = realpath(folder, nil) else {
      guard errno == ENOENT else { throw FileFault(operation: "create", path: path, errorNumber: errno) }
      throw OutputError(
        .noFolder, "Cannot create '\(path)': there is no folder '\(folder)'.",
        remedy: "Make the folder first, or check the spelling of the path.")
    }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// What the link at `place` says; nil where there is none.
  private static func link(at place: String, of path: String) throws -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let length = buffer.withUnsafeMutableBytes { bytes in
      bytes.baseAddress.map { readlink(place, $0.assumingMemoryBound(to: CChar.self), bytes.count) } ?? -1
    }
    if length >= 0 { return String(decoding: buffer[..<length], as: UTF8.self) }
    guard errno == EINVAL || errno == ENOENT else {
      throw FileFault(operation: "create", path: path, errorNumber: errno)
    }
    return nil
  }
}

/// Tells files from each other whatever names and links lead to them; a file that is not there yet by its folder and name.
struct FileIdentity: Equatable {
  private let device: dev_t
  private let node: ino_t
  private let name: String?

  /// Nil where the path leads nowhere.
  init?(_ path: String) {
    var status = stat()
    if stat(path, &status) == 0 {
      (device, node, name) = (status.st_dev, status.st_ino, nil)
      return
    }
    guard !path.isEmpty, let end = try? LinkedPath.end(of: path), stat(LinkedPath.folder(of: end), &status) == 0 else {
      return nil
    }
    (device, node) = (status.st_dev, status.st_ino)
    name = end.split(separator: "/").last.map(String.init)
  }
}
