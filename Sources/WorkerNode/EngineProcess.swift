import Foundation
import Launching
import Transport
import WireProtocol

/// A running engine with its pipes, none of which blocks the worker.
final class EngineProcess {
  /// What reading the engine's events brought.
  enum Reading {
    case events([EngineEvent])
    /// Events, and then something that ends the conversation.
    case broken([EngineEvent], String)
  }

  let child: ChildProcess
  let commands: OwnedDescriptor
  let events: OwnedDescriptor
  let log: OwnedDescriptor
  private var unsent = Data()
  private var buffer = PipeBuffer()
  private var tail = LogTail(limit: WireLimits.logTailBytes)
  private var output = EngineOutput()

  /// Starts an engine: commands on its descriptor 3, events on 4, both outputs into the log.
  init(executable: String, arguments: [String], environment: [String: String], workingFolder: String) throws {
    let (commandRead, commandWrite) = try OwnedDescriptor.pipe()
    let (eventRead, eventWrite) = try OwnedDescriptor.pipe()
    let (logRead, logWrite) = try OwnedDescriptor.pipe()
    try commandWrite.stopBlocking()
    try eventRead.stopBlocking()
    try logRead.stopBlocking()
    commands = commandWrite
    events = eventRead
    log = logRead
    child = try ChildProcess.spawn(
      ChildProcess.Launch(
        executable: executable, arguments: arguments, environment: environment, workingFolder: workingFolder,
        descriptors: [1: logWrite.raw, 2: logWrite.raw, 3: commandRead.raw, 4: eventWrite.raw]))
  }

  /// Whether something waits for room in the command pipe.
  var hasUnsent: Bool { !unsent.isEmpty }

  var logText: String { tail.text }

  func tell(_ command: EngineCommand) throws {
    unsent.append(try command.encode())
    try flush()
  }

  /// Writes what fits. An engine that closed its end is dead or dying, which its descriptor will tell.
  func flush() throws {
    switch try commands.writeAvailable(unsent) {
    case .taken(let count): unsent = Data(unsent.dropFirst(count))
    case .closed: unsent = Data()
    }
  }

  /// Reads all events that are there.
  func readEvents() -> Reading {
    var found: [EngineEvent] = []
    do {
      while true {
        switch try events.readAvailable() {
        case .bytes(let bytes):
          buffer.append(bytes)
          while let event = try buffer.nextEvent() { found.append(event) }
        case .nothing: return .events(found)
        case .end: return .broken(found, "The engine closed its pipe.")
        }
      }
    } catch {
      return .broken(found, "\(error)")
    }
  }

  /// Reads the output that is there, at most `limit` pieces of it, and gives its lines; false when all its writers are
  /// gone.
  func readLog(limit: Int = 16, _ show: (EngineOutput.Line) -> Void) -> Bool {
    for _ in 0..<limit {
      guard let input = try? log.readAvailable() else { return false }
      switch input {
      case .bytes(let bytes):
        tail.append(bytes)
        output.take(bytes, now: Poller.now).forEach(show)
      case .nothing: return true
      case .end: return false
      }
    }
    return true
  }

  /// Gives what no end of a line has closed.
  func finishLog(_ show: (EngineOutput.Line) -> Void) { output.end().forEach(show) }

  /// Bytes that it holds in main memory now; nil when that cannot be known.
  var residentBytes: Int? {
    guard let text = try? String(contentsOfFile: "/proc/\(child.pid)/statm", encoding: .utf8) else { return nil }
    let fields = text.split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}
