import ArgumentParser
import Datasets
import Foundation
import ModelFormats
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
    let own = Self.value(of: "--scan", in: words)
    var outputs = OutputFiles(sparing: Self.files(in: words).filter { $0 != own }) {
      words.filter { $0.hasSuffix(".onnx") }.flatMap { ONNXFile.dataFiles(of: URL(fileURLWithPath: $0)) }.map(\.path)
    }
    if let own { _ = try outputs.file(own) }
    let file = try outputs.file(picture)
    let scanPath = own ?? NSTemporaryDirectory() + "/coppice-scan-\(UUID().uuidString).json"
    defer { if own == nil { unlink(scanPath) } }
    let status = try EngineCall.run("sensitivity", words + (own == nil ? ["--scan", scanPath] : []))
    guard status == 0 else { throw ArgumentParser.ExitCode(status) }
    // Help ends well, too, without a scan.
    guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: scanPath)) else { return }
    let scan = try CanonicalBytes.decode(
      SensitivityScan.self, from: bytes, of: "the scan in '\(scanPath)'", remedy: "Give another file with --scan.")
    let name = arguments.first.map { URL(fileURLWithPath: $0).lastPathComponent } ?? "the network"
    try file.write(Data(SensitivityPicture(scan, title: "Sensitivity of \(name)").svg.utf8))
  }

  /// What the engine may read or write: each word that could be a path, and the files of the data set.
  private static func files(in words: [String]) -> [String] {
    let values = words.compactMap { word in word.firstIndex(of: "=").map { String(word[word.index(after: $0)...]) } }
    let sets = (words + values).compactMap { try? DatasetSource.parse($0) }
    return words + values + sets.flatMap(\.files).map(\.path)
  }

  /// The value of an option, as one word or as two.
  private static func value(of option: String, in words: [String]) -> String? {
    if let word = words.last(where: { $0.hasPrefix(option + "=") }) { return String(word.dropFirst(option.count + 1)) }
    guard let place = words.firstIndex(of: option), place + 1 < words.count else { return nil }
    return words[place + 1]
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
