import TestSupport
import Testing

extension Tag {
  /// Starts real processes; takes up to a minute or two.
  @Tag static var processes: Self
}

extension Trait where Self == OwnThread {
  /// Two tests with real processes at once: each has processes enough to keep a machine busy.
  static var twoAtOnce: Self { .ownThread(limit: 1800, through: gate) }
}

private let gate = Gate(2)
