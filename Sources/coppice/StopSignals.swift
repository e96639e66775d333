import Dispatch
import Foundation
import Support
import Transport

/// Ctrl-C and SIGTERM end a search in good order; a second one ends it at once.
final class StopSignals {
  let wakeUp: WakeUp
  private var sources: [any DispatchSourceSignal] = []

  init() throws {
    wakeUp = try WakeUp()
    let queue = DispatchQueue(label: "coppice.signals")
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      let wakeUp = wakeUp
      nonisolated(unsafe) var received = 0  // touched on the one serial queue only
      source.setEventHandler {
        received += 1
        if received > 1 { Foundation.exit(Support.ExitCode.interrupted.rawValue) }
        wakeUp.signal()
      }
      source.resume()
      sources.append(source)
    }
  }
}
