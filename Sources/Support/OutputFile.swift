import Foundation

/// A file that a command writes at a path which its user gave: the one place that decides how such a file is written.
///
/// Links are followed, and the file at their end is replaced as a whole; it keeps its permissions. What is no plain file (a
/// device, a named pipe, a folder) is refused, and so is a file that the command reads. All this is checked when the value is
/// made, before the command's work, and again when the bytes are written.
package struct OutputFile: Sendable {
  /// As the user gave it.
  package let path: String
  /// What the command reads, and its other outputs.
  private let inputs: [String]
  private let others: [String]

  /// Throws `OutputError` or `FileFault` when the file cannot be written now. `inputs` are paths that the command reads; those
  /// that lead to no file do no harm.
  package init(_ path: String, sparing inputs: [String] = []) throws {
    try self.init(path, sparing: inputs, others: [])
  }

  init(_ path: String, sparing inputs: [String], others: [String]) throws {
    (self.path, self.inputs, self.others) = (path, inputs, others)
    _ = try place()
  }

  /// The file itself, behind all links. Throws as the initialiser does.
  package func target() throws -> URL { URL(fileURLWithPath: try place().path) }

  /// A second file of this output, beside its target, whose name has `suffix` added. It is checked as this one is.
  package func beside(suffix: String) throws -> OutputFile {
    try OutputFile(try place().path + suffix, sparing: inputs, others: others)
  }

  /// Writes the file whole or not at all.
  package func write(_ bytes: Data) throws { try write([bytes]) }

  /// The same for bytes in several parts, one after the other.
  package func write(_ parts: [Data]) throws {
    let place = try place()
    try DurableFile.write(parts, to: URL(fileURLWithPath: place.path), replacing: place.existing)
  }

  private struct Place {
    let path: String
    /// The plain file that is there now.
    var existing: stat?
  }

  private func place() throws -> Place {
    guard !path.isEmpty else {
      throw OutputError(.noPath, "The path of an output is empty.", remedy: "Name the file to write.")
    }
    var place = Place(path: try LinkedPath.end(of: path))
    var status = stat()
    if lstat(place.path, &status) == 0 {
      try checkKind(status.st_mode & S_IFMT)
      guard access(place.path, W_OK) == 0 else {
        throw FileFault(operation: "write", path: path, errorNumber: errno)
      }
      place.existing = status
    } else if errno != ENOENT {
      throw FileFault(operation: "create", path: path, errorNumber: errno)
    }
    let folder = LinkedPath.folder(of: place.path)
    guard access(folder, W_OK | X_OK) == 0 else {
      throw FileFault(operation: "create", path: path, errorNumber: errno)
    }
    try checkOthers(place.path)
    return place
  }

  private func checkKind(_ kind: mode_t) throws {
    let name: String
    switch kind {
    case S_IFREG: return
    case S_IFDIR:
      throw OutputError(
        .notAPlainFile, "Cannot write '\(path)': it is a folder.", remedy: "Add the name of a file to the path.")
    case S_IFCHR, S_IFBLK: name = "a device"
    case S_IFIFO: name = "a named pipe"
    case S_IFSOCK: name = "a socket"
    default: name = "no plain file"
    }
    throw OutputError(
      .notAPlainFile, "Cannot write '\(path)': it is \(name), and a whole file cannot take its place.",
      remedy: "Name a plain file, or a new one.")
  }

  private func checkOthers(_ target: String) throws {
    guard let own = FileIdentity(target) else { return }
    for input in inputs where FileIdentity(input) == own {
      throw OutputError(
        .isInput,
        "Cannot write '\(path)': "
          + (input == path ? "the command reads this file." : "this is '\(input)', which the command reads."),
        remedy: "Name another file, so that nothing is lost.")
    }
    for other in others where FileIdentity(other) == own {
      throw OutputError(
        .isOtherOutput, "Cannot write '\(path)': '\(other)', another output of this command, is the same file.",
        remedy: "Give each output a file of its own.")
    }
  }
}

/// The outputs of one command, each a file of its own.
package struct OutputFiles {
  private var inputs: [String]
  private var findMore: (() -> [String])?
  private var taken: [String] = []

  /// `inputs` are the paths that the command reads; `more` finds others, and is called only where an output is there already.
  package init(sparing inputs: [String], more: @escaping () -> [String] = { [] }) {
    (self.inputs, findMore) = (inputs, more)
  }

  /// The file for one more output. Throws as `OutputFile` does, also where an earlier output goes to the same file.
  package mutating func file(_ path: String) throws -> OutputFile {
    var status = stat()
    if let findMore, stat(path, &status) == 0 {
      inputs += findMore()
      self.findMore = nil
    }
    let file = try OutputFile(path, sparing: inputs, others: taken)
    taken.append(path)
    return file
  }
}
