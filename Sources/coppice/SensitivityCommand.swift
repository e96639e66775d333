import ArgumentParser
import Foundation
import Reporting
import StudyModel
import Support

/// The engine measures; a picture is drawn here, since drawing needs no libtorch.
struct SensitivityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sensitivity", abstract: "Measure what pruning each group alone costs, without training.")
  @Argument(parsing: .captureForPassthrough, help: ArgumentHelp(visibility: .hidden)) var arguments: [String] = []

  func run() throws {
    let (words, picture) = try Self.takingPicture(from: arguments)
    guard let picture else { return try EngineCall.become("sensitivity", words) }
    let folder = URL(fileURLWithPath: picture).deletingLastPathComponent().path
    guard access(folder, W_OK) == 0 else { throw FileFault(operation: "create", path: picture, errorNumber: errno) }
    let own = words.firstIndex(of: "--scan").map { words.index(after: $0) }
    let scanPath: String
    if let own, own < words.endIndex {
      scanPath = words[own]
    } else {
      scanPath = NSTemporaryDirectory() + "/coppice-scan-\(UUID().uuidString).json"
    }
    defer { if own == nil { try? FileManager.default.removeItem(atPath: scanPath) } }
    let status = try EngineCall.run("sensitivity", words + (own == nil ? ["--scan", scanPath] : []))
    guard status == 0 else { throw ArgumentParser.ExitCode(status) }
    // Help ends well, too, without a scan.
    guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: scanPath)) else { return }
    let scan = try CanonicalBytes.decode(
      SensitivityScan.self, from: bytes, of: "the scan in '\(scanPath)'", remedy: "Give another file with --scan.")
    let name = arguments.first.map { URL(fileURLWithPath: $0).lastPathComponent } ?? "the network"
    try DurableFile.write(
      Data(SensitivityPicture(scan, title: "Sensitivity of \(name)").svg.utf8), to: URL(fileURLWithPath: picture))
  }

  /// The arguments without `--picture FILE` or `--picture=FILE`, and the file.
  private static func takingPicture(from arguments: [String]) throws -> ([String], String?) {
    var (words, picture): ([String], String?) = ([], nil)
    var index = 0
    while index < arguments.count {
      let word = arguments[index]
      if word == "--picture", index + 1 < arguments.count {
        picture = arguments[index + 1]
        index += 1
      } else if word.hasPrefix("--picture=") {
        picture = String(word.dropFirst("--picture=".count))
      } else {
        words.append(word)
      }
      index += 1
    }
    return (words, picture)
  }
}
