import ArgumentParser
import Foundation
import Support

/// The one place where an error becomes words for a person and a status for a script.
enum ErrorRendering {
  static func exit(with error: any Error) -> Never {
    guard let described = error as? any DescribedError else { Coppice.exit(withError: error) }
    FileHandle.standardError.write(Data(described.commandLineText.utf8))
    Foundation.exit(described.exitCode.rawValue)
  }
}
