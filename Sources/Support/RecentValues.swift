/// Values kept for later within a limit of bytes; those that were not used for longest leave first.
package struct RecentValues<Key: Hashable, Value> {
  private struct Entry {
    let value: Value
    let bytes: Int
    var lastUse: UInt64
  }

  package let byteLimit: Int
  /// Bytes of all values that are kept.
  package private(set) var byteCount = 0
  private var entries: [Key: Entry] = [:]
  private var uses: UInt64 = 0

  package init(byteLimit: Int) {
    self.byteLimit = byteLimit
  }

  /// The value, which counts as used now; nil where it was never kept, or has left.
  package mutating func value(for key: Key) -> Value? {
    guard let entry = entries[key] else { return nil }
    uses += 1
    entries[key]?.lastUse = uses
    return entry.value
  }

  /// Keeps a value of so many bytes in place of an earlier one under its key; one that is larger than the limit is not kept.
  ///
  /// Each value that has to leave costs a look at all that are kept: there are few, each of them large.
  package mutating func keep(_ value: Value, bytes: Int, for key: Key) {
    if let old = entries.removeValue(forKey: key) { byteCount -= old.bytes }
    let bytes = max(bytes, 0)
    guard bytes <= byteLimit else { return }
    while byteCount > byteLimit - bytes, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
      entries[oldest.key] = nil
      byteCount -= oldest.value.bytes
    }
    uses += 1
    entries[key] = Entry(value: value, bytes: bytes, lastUse: uses)
    byteCount += bytes
  }
}
