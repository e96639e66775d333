import Foundation
import Synchronization
import WireProtocol

/// Reads the worker's commands on a thread of its own, so that the end of the pipe is seen in the middle of a long
/// step.
final class CommandListener: Sendable {
  private struct Mailbox {
    var commands: [EngineCommand] = []
    var end: EndOfCommands?
  }

  private let mailbox = Mutex(Mailbox())
  private let arrivals = DispatchSemaphore(value: 0)

  /// Starts reading; `onEnd` runs on the reading thread as soon as no more commands can come.
  init(channel: EngineChannel, onEnd: @escaping @Sendable (EndOfCommands) -> Void) {
    let thread = Thread { [self] in
      let end = read(from: channel)
      onEnd(end)
      mailbox.withLock { $0.end = end }
      arrivals.signal()
    }
    thread.name = "commands"
    thread.start()
  }

  /// Waits for a command; nil once there are no more.
  func next() -> EngineCommand? {
    arrivals.wait()
    return mailbox.withLock { $0.commands.isEmpty ? nil : $0.commands.removeFirst() }
  }

  var end: EndOfCommands? { mailbox.withLock { $0.end } }

  private func read(from channel: EngineChannel) -> EndOfCommands {
    do {
      while let command = try channel.receiveCommand() {
        mailbox.withLock { $0.commands.append(command) }
        arrivals.signal()
      }
      return .closed
    } catch {
      return .broken("\(error)")
    }
  }
}

/// Why no more commands come.
package enum EndOfCommands: Hashable, Sendable {
  /// The worker closed the pipe or is gone.
  case closed
  /// What came was no command.
  case broken(String)
}
