import Foundation

/// The running processes below one that a test started, read from /proc.
enum ProcessTree {
  struct Entry: Equatable {
    let pid: pid_t
    let arguments: [String]
  }

  static func descendants(of root: pid_t) -> [Entry] {
    var children: [pid_t: [pid_t]] = [:]
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let pid = pid_t(name), let parent = parent(of: pid) else { continue }
      children[parent, default: []].append(pid)
    }
    var found: [Entry] = []
    var open = children[root] ?? []
    while let pid = open.popLast() {
      found.append(Entry(pid: pid, arguments: arguments(of: pid)))
      open += children[pid] ?? []
    }
    return found
  }

  static func isAlive(_ pid: pid_t) -> Bool {
    guard let fields = statFields(of: pid) else { return false }
    return fields.first != "Z"
  }

  private static func parent(of pid: pid_t) -> pid_t? {
    guard let fields = statFields(of: pid), fields.count > 1, fields[0] != "Z" else { return nil }
    return pid_t(fields[1])
  }

  /// The fields behind the command's name, which may hold spaces and brackets itself: state, parent, ...
  private static func statFields(of pid: pid_t) -> [Substring]? {
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return nil }
    let text = String(decoding: data, as: UTF8.self)
    guard let bracket = text.lastIndex(of: ")") else { return nil }
    return text[text.index(after: bracket)...].split(separator: " ")
  }

  private static func arguments(of pid: pid_t) -> [String] {
    let data = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
    return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }
}
