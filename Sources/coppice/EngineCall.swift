import Foundation
import StudyModel
import Support

/// The engine, in this process's place or as a child that is waited for.
enum EngineCall {
  /// Never returns unless the engine cannot be started.
  static func become(_ command: String, _ arguments: [String]) throws {
    let engine = try Executables.engine()
    let words = [engine.path, command] + arguments
    var pointers = words.map { strdup($0) }
    pointers.append(nil)
    defer { pointers.forEach { free($0) } }
    execv(engine.path, pointers)
    throw FileFault(operation: "start", path: engine.path, errorNumber: errno)
  }

  /// The exit status; the engine's output and errors are this process's own.
  static func run(_ command: String, _ arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = try Executables.engine()
    process.arguments = [command] + arguments
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// What the engine writes when it is given `input`; its progress and errors show here. Throws `CommandError` when it fails.
  static func output(of command: String, _ arguments: [String], input: Data) throws -> Data {
    let process = Process()
    let (incoming, outgoing) = (Pipe(), Pipe())
    process.executableURL = try Executables.engine()
    process.arguments = [command] + arguments
    process.standardInput = incoming
    process.standardOutput = outgoing
    try process.run()
    // The engine reads all of it before it writes anything, so neither waits for the other.
    try? incoming.fileHandleForWriting.write(contentsOf: input)
    try? incoming.fileHandleForWriting.close()
    let output = outgoing.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw CommandError(
        .engineFailed, "coppice-engine \(command) ended with status \(process.terminationStatus).",
        remedy: "Its own message stands above.")
    }
    return output
  }
}
