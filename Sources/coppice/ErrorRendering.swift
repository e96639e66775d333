import ArgumentParser
import Foundation
import Support

/// The one place where an error becomes words for a person and a status for a script.
enum ErrorRendering {
  static func exit(with error: any Error) -> Never {
    guard let described = error as? any DescribedError else { Coppice.exit(withError: error) }
    FileHandle.standardError.write(Data((text(for: described) + "\n").utf8))
    Foundation.exit(described.exitCode.rawValue)
  }

  static func text(for error: any DescribedError) -> String {
    var lines = ["error: \(error.message)"]
    if let remedy = error.remedy { lines.append("       \(remedy)") }
    return lines.joined(separator: "\n")
  }
}
