import Foundation

/// Room on the filesystem that holds a folder, in bytes.
package struct FreeSpace: Hashable, Sendable {
  /// What a process without privileges may still write.
  package var free: Int
  package var capacity: Int

  package init(free: Int, capacity: Int) {
    self.free = free
    self.capacity = capacity
  }

  /// Asks the filesystem of `folder`, or of its nearest parent that exists; nil when it does not say.
  package init?(at folder: URL) {
    var url = folder.standardizedFileURL
    while !FileManager.default.fileExists(atPath: url.path), url.path != "/" { url.deleteLastPathComponent() }
    var status = statvfs()
    guard statvfs(url.path, &status) == 0 else { return nil }
    let unit = Int(clamping: status.f_frsize)
    free = Int(clamping: status.f_bavail).multipliedReportingOverflow(by: unit).partialValue
    capacity = Int(clamping: status.f_blocks).multipliedReportingOverflow(by: unit).partialValue
    // Some filesystems without blocks of their own say nothing at all.
    guard capacity > 0, free >= 0 else { return nil }
  }
}
