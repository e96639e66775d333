import Foundation

/// Notices an engine whose memory grows from one evaluation to the next.
struct MemoryWatch {
  /// Growth that is no reason to worry: caches, fragmentation, networks of different size.
  private let allowance: Int
  private let residentBytes: () -> Int?
  private var first: Int?

  init(allowance: Int = 1 << 30, residentBytes: @escaping () -> Int? = MemoryWatch.residentBytes) {
    self.allowance = allowance
    self.residentBytes = residentBytes
  }

  /// Call after each evaluation: the bytes grown since the first one when they are more than the allowance, else nil.
  mutating func excessGrowth() -> Int? {
    guard let now = residentBytes() else { return nil }
    guard let first else {
      first = now
      return nil
    }
    return now - first > allowance ? now - first : nil
  }

  /// Bytes of this process in main memory, by /proc/self/statm.
  static func residentBytes() -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
    let fields = text.split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}
