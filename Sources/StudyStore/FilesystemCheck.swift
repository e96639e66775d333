import Foundation

/// Refuses filesystems on which SQLite's write-ahead log can lose data: it needs memory shared by all its processes.
package enum FilesystemCheck {
  private static let unsafe: Set<String> = [
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "lustre", "gpfs", "beegfs", "ceph", "afs", "glusterfs", "orangefs",
    "pvfs2", "ocfs2", "gfs2", "vboxsf", "prl_fs", "virtiofs",
  ]
  /// Filesystems by FUSE that keep their files on a disk of this host.
  private static let localByUserSpace: Set<String> = ["fuse-overlayfs", "ntfs-3g", "fuseblk"]

  /// Throws `unsafeFilesystem` when `folder`, which must exist, lies on a network filesystem or one by FUSE.
  package static func check(_ folder: URL) throws {
    guard let table = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8) else { return }
    let path = folder.resolvingSymlinksInPath().path
    guard let type = type(ofFilesystemAt: path, mounts: table), isUnsafe(type) else { return }
    throw StudyStoreError(
      .unsafeFilesystem, "The output folder '\(path)' is on a filesystem of type \(type), where a study can lose data.",
      remedy: "Choose a folder on a local disk with --output, such as one under /tmp or /var/tmp.")
  }

  package static func isUnsafe(_ type: String) -> Bool {
    if type.hasPrefix("fuse.") { return !localByUserSpace.contains(String(type.dropFirst(5))) }
    return unsafe.contains(type)
  }

  /// The type of the filesystem that holds an absolute path, from the text of /proc/self/mountinfo (proc(5)): the last entry
  /// with the longest mount point.
  package static func type(ofFilesystemAt path: String, mounts: String) -> String? {
    var best: (length: Int, type: String)?
    for line in mounts.split(separator: "\n") {
      let halves = line.components(separatedBy: " - ")
      let front = halves[0].split(separator: " ")
      guard halves.count == 2, front.count > 4, let type = halves[1].split(separator: " ").first else { continue }
      let point = unescaped(front[4])
      let prefix = point == "/" ? "/" : point + "/"
      guard path == point || path.hasPrefix(prefix), point.utf8.count >= best?.length ?? 0 else { continue }
      best = (point.utf8.count, String(type))
    }
    return best?.type
  }

  /// Spaces, tabs, line ends and backslashes are written as three octal digits.
  private static func unescaped(_ text: Substring) -> String {
    String(text).replacing("\\040", with: " ").replacing("\\011", with: "\t").replacing("\\012", with: "\n")
      .replacing("\\134", with: "\\")
  }
}
