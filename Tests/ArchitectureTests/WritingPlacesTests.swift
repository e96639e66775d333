import Foundation
import Testing

/// Holds all sources to the few places that write what a user sees, since only these tell when that fails.
@Suite struct WritingPlacesTests {
  /// What must not stand in any source, why, and the files that may have it.
  private static let forbidden: [(pattern: String, instead: String, allowed: Set<String>)] = [
    ("FileHandle.standard", "StandardOutput and StandardError, which neither crash nor keep silent", []),
    ("Swift.print(", "print, which tells when its text cannot be written", []),
    ("fputs(", "StandardOutput or StandardError", []),
    (".exit(withError", "fullMessage, whose text goes through StandardOutput", []),
    ("createFile(", "OutputFile or DurableFile", []),
    ("atomically:", "OutputFile or DurableFile", []),
    ("createDirectory(", "Folders or ChildFolder, whose errors are in our words", []),
    ("try FileManager", "Folders or a call whose error is in our words", ["Support/Folders.swift"]),
    (".moveItem(", "rename, whose error is in our words", []),
    (".copyItem(", "OutputFile or DurableFile", []),
  ]

  @Test func everythingIsWrittenByPlacesThatTellOfFailures() throws {
    let sources = FloorsTests.root.appendingPathComponent("Sources")
    let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)?.allObjects ?? []
    var seen = 0
    for case let file as URL in files where file.pathExtension == "swift" {
      let name = String(file.path.dropFirst(sources.path.count + 1))
      let text = try String(contentsOf: file, encoding: .utf8)
      seen += 1
      for (pattern, instead, allowed) in Self.forbidden where text.contains(pattern) && !allowed.contains(name) {
        Issue.record("\(name) has '\(pattern)'; take \(instead)")
      }
      // Both programs have a print of their own in the place of the standard library's; other targets print nothing.
      let prints = text.contains(/(?m)(^|[ {(;])print\(/)
      let isProgram = name.hasPrefix("coppice/") || name.hasPrefix("coppice-engine/")
      #expect(!prints || isProgram || name.hasPrefix("ModelFormats/Generated/"), "\(name) prints")
    }
    #expect(seen > 100)
    for program in ["coppice", "coppice-engine"] {
      let text = try String(contentsOf: sources.appendingPathComponent("\(program)/Print.swift"), encoding: .utf8)
      #expect(text.contains("func print(_ items: Any..., separator: String = \" \", terminator: String = \"\\n\")"))
    }
  }
}
