import Foundation

/// The programs under test: those of the build that the tests belong to.
enum Installation {
  static let folder: URL = {
    let test = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: test ?? "").deletingLastPathComponent()
  }()

  static let coppice = folder.appendingPathComponent("coppice")
}

/// How a finished command ended.
struct CommandOutcome {
  let status: Int32
  let output: String
  let errors: String
}

/// Runs `coppice` with arguments and waits for it; output goes through files, so that no pipe can fill up.
@discardableResult
func coppice(_ arguments: String..., in folder: URL) throws -> CommandOutcome {
  try coppice(arguments, in: folder)
}

@discardableResult
func coppice(_ arguments: [String], in folder: URL, environment: [String: String] = [:]) throws -> CommandOutcome {
  try outcome(of: Installation.coppice, arguments, in: folder, environment: environment)
}

/// The same of any program.
func outcome(
  of program: URL, _ arguments: [String], in folder: URL, environment: [String: String] = [:]
) throws -> CommandOutcome {
  let name = UUID().uuidString
  let (output, errors) = (folder.appendingPathComponent("\(name).out"), folder.appendingPathComponent("\(name).err"))
  for url in [output, errors] { try Data().write(to: url) }
  let process = Process()
  process.executableURL = program
  process.arguments = arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
  process.currentDirectoryURL = folder
  process.standardInput = FileHandle.nullDevice
  process.standardOutput = try FileHandle(forWritingTo: output)
  process.standardError = try FileHandle(forWritingTo: errors)
  try process.run()
  process.waitUntilExit()
  return CommandOutcome(
    status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
    errors: try String(contentsOf: errors, encoding: .utf8))
}
