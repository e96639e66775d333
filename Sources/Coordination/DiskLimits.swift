import ArtifactStore
import Support

/// The room that a search keeps free, of its quota and of its disk.
package struct DiskLimits: Hashable, Sendable {
  /// Bytes that the study may take; nil for all that the disk has.
  package let quota: Int?
  /// Bytes of the dense network, which no checkpoint exceeds by much.
  package let denseBytes: Int
  /// Evaluations that may run at a time.
  package let slots: Int

  package init(quota: Int?, denseBytes: Int, slots: Int) {
    self.quota = quota
    self.denseBytes = denseBytes
    self.slots = slots
  }

  /// What running evaluations may add before they are heard of: one checkpoint each.
  package var headroom: Int { denseBytes * slots }

  /// Free bytes of a disk below which nothing new begins: three checkpoints for each slot, and at least 256 MiB, or a twentieth
  /// of a disk that is smaller than 5 GiB.
  package func reserve(ofDiskWith capacity: Int) -> Int { max(3 * headroom, min(256 << 20, capacity / 20)) }

  /// Bytes that must go so that the next evaluations find room; 0 when there is enough.
  package func excess(used: Int, space: FreeSpace?) -> Int {
    let overQuota = quota.map { used + headroom - $0 } ?? 0
    let underReserve = space.map { reserve(ofDiskWith: $0.capacity) - $0.free } ?? 0
    return max(0, overQuota, underReserve)
  }

  /// Why nothing new may begin, or nil. A search that is paused already for want of space waits for a quarter more than the
  /// reserve, or it would start and stop by turns.
  package func shortage(used: Int, space: FreeSpace?, isPaused: Bool) -> DiskShortage? {
    if let space {
      let reserve = reserve(ofDiskWith: space.capacity)
      let needed = isPaused ? reserve + reserve / 4 : reserve
      if space.free < needed {
        return DiskShortage(cause: .space(free: space.free, capacity: space.capacity), neededBytes: needed)
      }
    }
    if let quota, used + headroom > quota {
      return DiskShortage(cause: .quota(quota, used: used), neededBytes: used + headroom)
    }
    return nil
  }
}

/// Why a search gives out no work: its disk or its quota is full of what must stay.
package struct DiskShortage: Hashable, Sendable, CustomStringConvertible {
  package enum Cause: Hashable, Sendable {
    case space(free: Int, capacity: Int)
    case quota(Int, used: Int)
  }

  package let cause: Cause
  /// Free bytes, or the least quota, with which the search goes on.
  package let neededBytes: Int

  package init(cause: Cause, neededBytes: Int) {
    self.cause = cause
    self.neededBytes = neededBytes
  }

  /// Evaluations that write nothing may go on.
  var isOfQuota: Bool { if case .quota = cause { true } else { false } }

  package var description: String {
    let needed = Units.bytes(neededBytes)
    switch cause {
    case .space(let free, let capacity):
      return "paused: disk; \(Units.bytes(free)) free of \(Units.bytes(capacity)), needs \(needed). "
        + "Make room, and the search goes on by itself."
    case .quota(let quota, let used):
      return "paused: disk; \(Units.bytes(used)) must stay, and the quota is \(Units.bytes(quota)), needs \(needed). "
        + "Raise the spec's limits: disk, then --resume."
    }
  }
}
