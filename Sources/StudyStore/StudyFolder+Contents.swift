import Foundation
import Support

/// What of a folder belongs to its study, and what somebody else has put there: a search changes nothing of the latter.
extension StudyFolder {
  private var databases: [String] { ["", "-wal", "-shm", "-journal"].map { database.lastPathComponent + $0 } }

  /// True where the file lies among those that the study keeps, the report left out.
  package func keeps(_ file: URL) -> Bool {
    let root = url.resolvingSymlinksInPath().path + "/"
    guard file.path.hasPrefix(root), let name = file.path.dropFirst(root.count).split(separator: "/").first else {
      return false
    }
    let own = [lock, spec, sensitivity, artifacts, networks, logs, spools].map(\.lastPathComponent) + databases
    return own.contains(String(name)) || name.wholeMatch(of: /study\.damaged-\d+\.sqlite/) != nil
  }

  /// What is in the folder, to be asked where no study is in it (`StudyStore.exists`).
  package struct Contents {
    /// Names of what is not from us, in order.
    package var strangers: [String] = []
    /// A start that was killed before its study was made has left something.
    package var hasLeftovers = false

    package init() {}
  }

  /// Nothing where the folder is not there; throws `FileFault` where it cannot be read.
  package func contentsWithoutStudy() throws -> Contents {
    var (contents, status) = (Contents(), stat())
    guard stat(url.path, &status) == 0 || errno != ENOENT else { return contents }
    // The root folder of a filesystem often has a folder of this name, which belongs to nobody's work.
    for name in try Folders.names(in: url) where name != "lost+found" {
      if isLeftover(name) { contents.hasLeftovers = true } else { contents.strangers.append(name) }
    }
    return contents
  }

  private func isLeftover(_ name: String) -> Bool {
    let place = url.appendingPathComponent(name)
    switch name {
    case artifacts.lastPathComponent:
      return holds(place) { ["objects", "temporary", "damaged", "scores", "measured", "sensitivity"].contains($0) }
    case logs.lastPathComponent:
      return holds(place) { $0.wholeMatch(of: /(coordinator|worker-\d+)\.log(\.1)?/) != nil }
    case networks.lastPathComponent: return holds(place) { _ in false }
    case spools.lastPathComponent: return holds(place) { $0.wholeMatch(of: /worker-\d+/) != nil }
    case lock.lastPathComponent: return isPlainFile(place)
    default:
      let isPartial = name.hasPrefix(".") && name.hasSuffix(".partial")
      return (isPartial || databases.contains(name)) && isPlainFile(place)
    }
  }

  /// True for a folder of which everything has an expected name; links are not followed.
  private func holds(_ folder: URL, only isExpected: (String) -> Bool) -> Bool {
    var status = stat()
    guard lstat(folder.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return false }
    return (try? Folders.names(in: folder))?.allSatisfy(isExpected) == true
  }

  private func isPlainFile(_ file: URL) -> Bool {
    var status = stat()
    return lstat(file.path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Throws `OutputError(.notOurs)` when the file in the spec's place is not one that we wrote: it would be replaced.
  package func checkSpec() throws {
    guard let file = try? ReadOnlyFile(spec.path) else { return }
    let mark = Data(Self.specMark.utf8)
    guard try file.read(offset: 0, count: min(mark.count, file.size)) != mark else { return }
    throw OutputError.notOurs(spec)
  }
}
