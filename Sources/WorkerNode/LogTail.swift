import Foundation

/// The last bytes of an output that may be endless.
struct LogTail {
  private let limit: Int
  private var bytes = Data()

  init(limit: Int) { self.limit = limit }

  mutating func append(_ more: Data) {
    bytes.append(more)
    // Cut now and then, not each time: appending stays linear.
    if bytes.count > 4 * limit { bytes = Data(bytes.suffix(limit)) }
  }

  /// The end as text; bytes that are no UTF-8 are replaced, by which it may grow past the limit.
  var text: String { String(decoding: bytes.suffix(limit), as: UTF8.self) }
}
