import CLinux
import Foundation
import Support

/// Notices an engine that holds more memory after an evaluation than it may, or much more than after its first one.
struct MemoryWatch {
  /// Growth that is no reason to worry: caches, fragmentation, networks of different size.
  static let usualAllowance = 1 << 30

  private let limit: Int?
  private let allowance: Int
  private let residentBytes: () -> Int?
  private let giveBack: () -> Void
  private var first: Int?

  /// `limit` is of all bytes; without one only growth beyond `allowance` counts. `giveBack` hands what is free to the kernel.
  init(
    limit: Int?, allowance: Int = usualAllowance, residentBytes: @escaping () -> Int? = MemoryWatch.residentBytes,
    giveBack: @escaping () -> Void = { coppice_release_free_memory() }
  ) {
    self.limit = limit
    self.allowance = allowance
    self.residentBytes = residentBytes
    self.giveBack = giveBack
  }

  /// Call after each evaluation: why the engine should make room for a fresh one, or nil.
  ///
  /// What the allocator keeps for later is given back first, so that only what is in use counts.
  mutating func excess() -> String? {
    if judge() == nil { return nil }
    giveBack()
    return judge()
  }

  private mutating func judge() -> String? {
    guard let now = residentBytes() else { return nil }
    let start = first ?? now
    first = start
    if let limit, now > limit {
      return "It holds \(Units.bytes(now)) of memory, more than the limit of \(Units.bytes(limit))."
    }
    // With a limit growth up to it is what the user allows.
    if limit == nil, now - start > allowance {
      return "Its memory has grown by \(Units.bytes(now - start)) since its first evaluation."
    }
    return nil
  }

  /// Bytes of this process in main memory, by /proc/self/statm.
  static func residentBytes() -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
    let fields = text.split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}
