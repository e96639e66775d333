import Foundation
import Logging
import Logs

/// An engine's output as lines for the worker's log: so many and no more, since a flood must neither fill the disk nor
/// push out of the log what happened before it.
package struct EngineOutput {
  package struct Line: Hashable, Sendable {
    package let level: Logger.Level
    package let text: String
  }

  /// Longer lines are cut.
  package static let lineLimit = 4096
  /// Bytes that may come at once, and those that may come a second in the long run.
  package static let burst = 64 * 1024.0
  package static let rate = 2 * 1024.0

  private var allowance = EngineOutput.burst
  private var lastTime: Double?
  private var line = Data()
  /// The current line is not kept, or no longer.
  private var skipsLine = false
  private var leftOut = 0
  /// What the current line is too long by: left out behind it.
  private var excess = 0

  package init() {}

  /// The lines that end in `bytes`, which came at `now`.
  package mutating func take(_ bytes: Data, now: Double) -> [Line] {
    allowance = min(Self.burst, allowance + max(0, now - (lastTime ?? now)) * Self.rate)
    lastTime = now
    var found: [Line] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      guard allowance > 0 else {
        // Nothing of it is looked at but where the last line begins.
        leftOut += line.count + excess + rest.count
        (line, excess) = (Data(), 0)
        skipsLine = rest.last != 0x0a
        break
      }
      let end = rest.firstIndex(of: 0x0a)
      keep(rest[..<(end ?? rest.endIndex)])
      guard let end else { break }
      finishLine(&found)
      rest = rest[(end + 1)...]
    }
    return found
  }

  /// What is left when the output has ended.
  package mutating func end() -> [Line] {
    var found: [Line] = []
    if !line.isEmpty { finishLine(&found) }
    noteLeftOut(&found)
    return found
  }

  private mutating func keep(_ part: Data) {
    if skipsLine {
      if line.isEmpty { leftOut += part.count } else { excess += part.count }
      return
    }
    let room = Self.lineLimit - line.count
    line.append(part.prefix(room))
    guard part.count > room else { return }
    excess += part.count - room
    skipsLine = true
  }

  private mutating func finishLine(_ found: inout [Line]) {
    defer {
      leftOut += excess
      (line, excess) = (Data(), 0)
      skipsLine = false
    }
    guard !line.isEmpty else { return }
    noteLeftOut(&found)
    allowance -= Double(line.count)
    let text = String(decoding: line, as: UTF8.self)
    let (level, message) = LogFormat.parseBrief(text) ?? (.info, text)
    found.append(Line(level: level, text: message))
  }

  /// Before the next line that is kept, so that the log says where something is missing.
  private mutating func noteLeftOut(_ found: inout [Line]) {
    guard leftOut > 0 else { return }
    found.append(Line(level: .warning, text: "(\(leftOut) bytes of its output are left out here)"))
    leftOut = 0
  }
}
