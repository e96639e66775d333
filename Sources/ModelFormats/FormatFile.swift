import Foundation
import Support

/// Reads the whole file of a format within its size limit, and puts the file's name into every error.
func readFormatFile<Result>(_ url: URL, limit: Int, _ decode: (Data) throws -> Result) throws -> Result {
  do {
    let file = try ReadOnlyFile(url.path)
    guard file.size <= limit else {
      throw ModelFormatError(
        .tooLarge, "The file has \(Units.bytes(file.size)); at most \(Units.bytes(limit)) are read.")
    }
    guard file.size > 0 else {
      let empty = InputFileError(emptyFile: url.path, kind: "file")
      throw ModelFormatError(.malformed, empty.message, remedy: empty.remedy)
    }
    return try decode(try file.readAll())
  } catch let fault as FileFault {
    let error = InputFileError(url.path, kind: "file", errorNumber: fault.errorNumber)
    throw ModelFormatError(.unreadable, error.message, remedy: error.remedy)
  } catch let error as ModelFormatError {
    throw error.inFile(url.path)
  }
}
