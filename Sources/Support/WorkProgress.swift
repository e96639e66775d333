/// How long work tells whoever waits for it that it goes on, and what share of it is done.
///
/// Every loop that may take seconds reports once a turn, so a receiver that throws (at a time limit, say) ends the work within one
/// turn. The share never falls, whatever order the parts report in.
package struct WorkProgress {
  private final class Receiver {
    let receive: (Double) throws -> Void
    var highest = 0.0

    init(_ receive: @escaping (Double) throws -> Void) { self.receive = receive }
  }

  private let receiver: Receiver
  private let start: Double
  private let length: Double

  /// `receive` gets the share of the whole, 0 to 1, at each report.
  package init(_ receive: @escaping (Double) throws -> Void) {
    self.init(Receiver(receive), start: 0, length: 1)
  }

  private init(_ receiver: Receiver, start: Double, length: Double) {
    self.receiver = receiver
    self.start = start
    self.length = length
  }

  /// Nobody waits.
  package static var unwatched: WorkProgress { WorkProgress { _ in } }

  /// `share` of this work is done. Throws what the receiver throws.
  package func report(_ share: Double) throws {
    let within = share.isNaN ? 0 : min(1, max(0, share))
    receiver.highest = max(receiver.highest, min(1, start + length * within))
    try receiver.receive(receiver.highest)
  }

  /// The work goes on, and no larger share of it is known to be done. Throws what the receiver throws.
  package func report() throws { try receiver.receive(receiver.highest) }

  /// A part of this work that begins when `start` of it is done and ends at `end`.
  package func part(from start: Double, to end: Double) -> WorkProgress {
    WorkProgress(receiver, start: self.start + length * start, length: length * max(end - start, 0))
  }

  /// One of `count` parts that take equally long; the first is 0.
  package func part(_ index: Int, of count: Int) -> WorkProgress {
    let all = Double(max(count, 1))
    return part(from: Double(index) / all, to: Double(index + 1) / all)
  }
}
