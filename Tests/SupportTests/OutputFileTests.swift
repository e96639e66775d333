import Foundation
import Support
import TestSupport
import Testing

/// Whatever a user's path leads to, a file of his is replaced only where he asked for it, and nothing else ever is.
@Suite struct OutputFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Joined by hand, since URLs tidy up what is meant here.
  private func path(_ name: String) -> String { "\(folder.url.path)/\(name)" }

  private func put(_ text: String, _ name: String) throws { try Data(text.utf8).write(to: folder.file(name)) }

  private func text(_ name: String) throws -> String { try String(contentsOf: folder.file(name), encoding: .utf8) }

  private func kind(_ name: String) -> mode_t {
    var status = stat()
    return lstat(path(name), &status) == 0 ? status.st_mode & S_IFMT : 0
  }

  /// The error of writing there; the check before the work and the one at writing come to the same.
  private func refusal(_ path: String, sparing inputs: [String] = []) -> OutputError? {
    #expect(throws: OutputError.self) { try OutputFile(path, sparing: inputs) }
  }

  @Test func filesAreMadeAndReplacedAsAWhole() throws {
    for words in ["one", "two"] {
      try OutputFile(path("a.onnx")).write([Data(words.utf8), Data("!".utf8)])
      #expect(try text("a.onnx") == words + "!")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["a.onnx"])
  }

  @Test func aReplacedFileKeepsItsPermissions() throws {
    try put("old", "private")
    chmod(path("private"), 0o600)
    try OutputFile(path("private")).write(Data("new".utf8))
    var status = stat()
    #expect(stat(path("private"), &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(try text("private") == "new")
  }

  @Test func linksAreFollowed() throws {
    try FileManager.default.createDirectory(at: folder.file("far"), withIntermediateDirectories: true)
    try put("old", "far/target")
    symlink("far/target", path("near"))
    symlink(path("near"), path("absolute"))
    symlink("far/new", path("nothing yet"))
    for name in ["near", "absolute", "nothing yet"] {
      try OutputFile(path(name)).write(Data(name.utf8))
      #expect(kind(name) == S_IFLNK)
      #expect(try text(name) == name)
    }
    #expect(kind("far/target") == S_IFREG && kind("far/new") == S_IFREG)
    symlink("circle", path("circle"))
    #expect(throws: FileFault(operation: "create", path: path("circle"), errorNumber: ELOOP)) {
      try OutputFile(path("circle"))
    }
  }

  @Test func whatIsNoPlainFileIsRefused() throws {
    #expect(mkfifo(path("pipe"), 0o600) == 0)
    symlink("pipe", path("link to a pipe"))
    try FileManager.default.createDirectory(at: folder.file("folder"), withIntermediateDirectories: true)
    symlink("folder", path("link to a folder"))
    for name in ["pipe", "link to a pipe", "folder", "folder/", "folder/.", "new/", "link to a folder", "."] {
      let error = refusal(path(name))
      #expect(error?.code == .notAPlainFile && error?.exitCode == .cannotCreate, "\(name)")
      #expect(error?.message.contains(path(name)) == true, "\(name)")
    }
    #expect(kind("pipe") == S_IFIFO)
    // Nothing is written here: that these are refused is what the test is about.
    for path in ["/dev/full", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/proc/self/exe"] {
      #expect(refusal(path)?.code == .notAPlainFile, "\(path)")
    }
    // A file behind an open descriptor, too: its owner would go on writing to the one that is replaced.
    try put("log", "open")
    let open = try FileHandle(forWritingTo: folder.file("open"))
    #expect(refusal("/dev/fd/\(open.fileDescriptor)")?.code == .notAPlainFile)
    #expect(refusal("")?.code == .noPath)
  }

  @Test func foldersThatAreMissingOrFilesAreNamed() throws {
    let error = refusal(path("no/such/a.onnx"))
    #expect(error?.code == .noFolder && error?.message.contains(path("no/such")) == true)
    try put("x", "file")
    #expect(throws: FileFault(operation: "create", path: path("file/a.onnx"), errorNumber: ENOTDIR)) {
      try OutputFile(path("file/a.onnx"))
    }
    #expect(refusal(path("file/"))?.exitCode == .cannotCreate)
    let long = path(String(repeating: "a", count: 256))
    #expect(throws: FileFault(operation: "create", path: long, errorNumber: ENAMETOOLONG)) { try OutputFile(long) }
    // A name of full length leaves no room for a longer temporary one.
    let name = String(repeating: "ä", count: 127)
    try OutputFile(path(name)).write(Data("x".utf8))
    #expect(try text(name) == "x")
  }

  @Test func whatTheCommandReadsIsSpared() throws {
    try put("trained", "base.onnx")
    try FileManager.default.createDirectory(at: folder.file("sub"), withIntermediateDirectories: true)
    symlink("base.onnx", path("link.onnx"))
    #expect(link(path("base.onnx"), path("hard.onnx")) == 0)
    symlink(folder.url.path, path("sub/round"))
    for name in ["base.onnx", "./base.onnx", "sub/../base.onnx", "link.onnx", "hard.onnx", "sub/round/base.onnx"] {
      let error = refusal(path(name), sparing: ["builtin:absent", path("base.onnx")])
      #expect(error?.code == .isInput && error?.message.contains("reads") == true, "\(name)")
      // The other way round: the command reads the link and is to write the file.
      #expect(refusal(path("base.onnx"), sparing: [path(name)])?.code == .isInput, "\(name)")
    }
    _ = try OutputFile(path("other.onnx"), sparing: [path("base.onnx"), path("absent")])
    #expect(try text("base.onnx") == "trained")
  }

  @Test func everyOutputHasAFileOfItsOwn() throws {
    symlink("new", path("link"))
    for (first, second) in [("new", "new"), ("new", "./new"), ("link", "new"), ("new", "link")] {
      var outputs = OutputFiles(sparing: [])
      _ = try outputs.file(path(first))
      let error = #expect(throws: OutputError.self) { try outputs.file(path(second)) }
      #expect(error?.code == .isOtherOutput)
      _ = try outputs.file(path("third"))
    }
  }

  @Test func furtherInputsAreLookedForOnlyWhereSomethingIsReplaced() throws {
    try put("weights", "base.onnx.data")
    var asked = 0
    var outputs = OutputFiles(sparing: []) {
      asked += 1
      return [folder.file("base.onnx.data").path]
    }
    _ = try outputs.file(path("new"))
    #expect(asked == 0)
    for _ in 0..<2 { #expect(throws: OutputError.self) { try outputs.file(path("base.onnx.data")) } }
    #expect(asked == 1)
  }

  /// Hours lie between the two checks.
  @Test func theCheckIsMadeAgainAtWriting() throws {
    try put("trained", "base.onnx")
    let names = ["pipe", "folder", "link"]
    let files = try names.map { try OutputFile(path($0), sparing: [path("base.onnx")]) }
    #expect(mkfifo(path("pipe"), 0o600) == 0)
    try FileManager.default.createDirectory(at: folder.file("folder"), withIntermediateDirectories: true)
    symlink("base.onnx", path("link"))
    for file in files { #expect(throws: OutputError.self) { try file.write(Data("new".utf8)) } }
    #expect(kind("pipe") == S_IFIFO && kind("folder") == S_IFDIR && kind("link") == S_IFLNK)
    #expect(try text("base.onnx") == "trained")
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    #expect(!left.contains { $0.hasSuffix(".partial") })
  }

  @Test func aSecondFileIsCheckedLikeTheFirst() throws {
    try FileManager.default.createDirectory(at: folder.file("far"), withIntermediateDirectories: true)
    symlink("far/a.onnx", path("a.onnx"))
    let beside = try OutputFile(path("a.onnx")).beside(suffix: ".data")
    try beside.write(Data("weights".utf8))
    #expect(try text("far/a.onnx.data") == "weights")
    #expect(mkfifo(path("b.onnx.data"), 0o600) == 0)
    let error = #expect(throws: OutputError.self) { try OutputFile(path("b.onnx")).beside(suffix: ".data") }
    #expect(error?.code == .notAPlainFile)
  }
}

@Suite struct FoldersTests {
  @Test func allThatIsMissingIsMade() throws {
    let folder = try TemporaryFolder()
    for name in ["a/b/c", "a/b/c", "a", "e"] {
      try Folders.make(at: folder.file(name))
      #expect(try Folders.names(in: folder.file(name)).isEmpty == (name != "a"))
    }
    try Data().write(to: folder.file("file"))
    symlink("nowhere", folder.file("dangling").path)
    for name in ["file", "file/below", "dangling", "dangling/below", String(repeating: "a", count: 360)] {
      let made = #expect(throws: FileFault.self) { try Folders.make(at: folder.file(name)) }
      let checked = #expect(throws: FileFault.self, "\(name)") { try Folders.checkMakeable(at: folder.file(name)) }
      #expect(made?.exitCode == .cannotCreate && checked?.exitCode == .cannotCreate, "\(name)")
    }
    try Folders.checkMakeable(at: folder.file("new/and/below"))
    #expect(try Folders.names(in: folder.url) == ["a", "dangling", "e", "file"])
  }
}

@Suite struct FoundationFaultTests {
  private struct Own: Error {}

  private func fault(_ body: () throws -> Void) -> FileFault? {
    do {
      try body()
      return nil
    } catch {
      return FileFault(foundationError: error)
    }
  }

  @Test func filesThatCannotBeUsedAreToldInOurWords() throws {
    let folder = try TemporaryFolder()
    let files = FileManager.default
    try Data().write(to: folder.file("file"))
    let faults = [
      fault { try files.createDirectory(at: folder.file("file/a"), withIntermediateDirectories: true) },
      fault { try files.createDirectory(at: folder.file("file"), withIntermediateDirectories: false) },
      fault { _ = try files.contentsOfDirectory(atPath: folder.file("absent").path) },
      fault { try files.removeItem(at: folder.file("absent")) },
      fault { _ = try Data(contentsOf: folder.file("absent")) },
      fault { try Data().write(to: folder.file("absent/file")) },
      fault { _ = try files.destinationOfSymbolicLink(atPath: folder.file("file").path) },
    ]
    for (place, fault) in faults.enumerated() {
      let text = try #require(fault, "number \(place)").description
      #expect(text.hasPrefix("Cannot ") && !text.contains("Cocoa") && !text.contains("NSError"), "\(place): \(text)")
    }
    #expect(faults[4]?.exitCode == .missingInput)
  }

  @Test func otherErrorsAreLeftAlone() {
    #expect(FileFault(foundationError: Own()) == nil)
    #expect(FileFault(foundationError: CancellationError()) == nil)
    // What a text that is not JSON throws has the same domain as a file's errors.
    let unreadable = #expect(throws: (any Error).self) { try JSONDecoder().decode([Int].self, from: Data("x".utf8)) }
    #expect(unreadable.map { FileFault(foundationError: $0) == nil } == true)
    #expect(FileFault(foundationError: NSError(domain: "elsewhere", code: 4)) == nil)
    let general = NSError(domain: NSPOSIXErrorDomain, code: Int(EROFS))
    #expect(FileFault(foundationError: general, operation: "write", path: "/x")?.errorNumber == EROFS)
    #expect(FileFault(foundationError: POSIXError(.ENOSPC))?.errorNumber == ENOSPC)
  }
}
