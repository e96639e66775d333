import Dispatch
import Foundation
import Support
import Synchronization
import Transport

/// Ctrl-C and SIGTERM end a search or a worker in good order; a second one ends it at once.
final class StopSignals {
  let wakeUp: WakeUp
  private let first = First()
  private var sources: [any DispatchSourceSignal] = []

  /// The first signal that came, by its name; empty before one has.
  var name: String { Self.names[first.number.load(ordering: .relaxed)] ?? "" }

  private static let names = [SIGINT: "SIGINT", SIGTERM: "SIGTERM", SIGHUP: "SIGHUP"]

  private final class First: Sendable { let number = Atomic<Int32>(0) }

  init() throws {
    wakeUp = try WakeUp()
    let queue = DispatchQueue(label: "coppice.signals")
    let (stop, first) = (wakeUp, first)
    nonisolated(unsafe) var received = 0  // touched on the one serial queue only
    for number in Self.names.keys.sorted() {
      // nohup's wish is that the end of the terminal means nothing.
      if number == SIGHUP, Self.isIgnored(number) { continue }
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        received += 1
        if received > 1 { Foundation.exit(Support.ExitCode.interrupted.rawValue) }
        first.number.store(number, ordering: .relaxed)
        stop.signal()
      }
      source.resume()
      sources.append(source)
    }
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
