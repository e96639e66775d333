import ArtifactStore
import Coordination
import Foundation
import StudyModel
import StudyStore
import Support
import TestSupport
import Testing

/// A search begins only in a folder of its own, and replaces only what its study wrote.
@Suite struct StudyPlaceTests {
  private let folder: TemporaryFolder
  private let study: StudyFolder

  init() throws {
    folder = try TemporaryFolder()
    study = StudyFolder(folder.file("out"))
  }

  private func put(_ name: String, _ text: String = "mine") throws {
    let file = study.url.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  private func exitCode(resumes: Bool = false) -> ExitCode? {
    do {
      try Coordinator.check(study, resumes: resumes)
      return nil
    } catch {
      let described = error as? any DescribedError
      #expect(described != nil && !"\(error)".contains("Cocoa"), "\(error)")
      return described?.exitCode
    }
  }

  private func makeStudy() throws {
    var context = ToyStudy.context(trials: 3)
    let artifacts = try ArtifactStore(folder: study.artifacts)
    context.network = try artifacts.put(Data("network".utf8))
    let identity = StudyIdentity(
      network: context.network, training: Digest(of: Data()), test: Digest(of: Data()), split: context.spec.split,
      seed: 7)
    try StudyStore.create(in: study, header: StudyHeader(context: context, identity: identity)).close()
    try study.write(context.spec)
  }

  @Test func aNewOrEmptyFolderIsTaken() throws {
    #expect(exitCode() == nil)
    try Folders.make(at: study.url)
    #expect(exitCode() == nil)
    // At the root of a disk.
    try Folders.make(at: study.url.appendingPathComponent("lost+found"))
    #expect(exitCode() == nil)
  }

  @Test(arguments: [
    "report.html", "networks/trial-0001-rung-0.onnx", "networks/mine.onnx", "artifacts/painting.png", "logs/mine.log",
    "spool/mine", "spec.yaml", ".hidden", "notes/x", "study.damaged-1.sqlite",
  ]) func aFolderWithSomebodysFilesIsRefused(name: String) throws {
    try put(name)
    #expect(exitCode() == .cannotCreate)
    #expect(exitCode(resumes: true) == .missingInput)
    #expect(try String(contentsOf: study.url.appendingPathComponent(name), encoding: .utf8) == "mine")
    let error = #expect(throws: CoordinationError.self) { try Coordinator.check(study, resumes: false) }
    #expect(error?.code == .outputExists)
    #expect(error?.message.contains("'\(name.split(separator: "/")[0])'") == true, "\(error?.message ?? "")")
  }

  @Test func linksInTheFolderAreNotOurs() throws {
    try Folders.make(at: folder.file("elsewhere"))
    try Folders.make(at: study.url)
    symlink(folder.file("elsewhere").path, study.networks.path)
    #expect(exitCode() == .cannotCreate)
  }

  /// What a start leaves that is killed before its study is made.
  @Test func leftoversOfAStartAreTakenOver() throws {
    _ = try ArtifactStore(folder: study.artifacts).put(Data("network".utf8))
    for part in [study.logs, study.networks, study.spools] { try Folders.make(at: part) }
    for name in ["logs/coordinator.log", "study.lock", "study.sqlite", "study.sqlite-wal", ".spec.yaml.x.partial"] {
      try put(name, "")
    }
    #expect(exitCode() == nil)
    #expect(exitCode(resumes: true) == nil)
    try put("report.html")
    #expect(exitCode() == .cannotCreate)
    #expect(exitCode(resumes: true) == .missingInput)
  }

  @Test func withoutAStudyNothingIsResumed() throws {
    #expect(exitCode(resumes: true) == .missingInput)
    #expect(!FileManager.default.fileExists(atPath: study.url.path))
    try Folders.make(at: study.url)
    #expect(exitCode(resumes: true) == .missingInput)
    try Folders.make(at: study.url.appendingPathComponent("lost+found"))
    #expect(exitCode(resumes: true) == .missingInput)
  }

  @Test func whatIsNoFolderIsRefusedInOurWords() throws {
    try Data("mine".utf8).write(to: study.url)
    #expect(exitCode() == .cannotCreate)
    #expect(exitCode(resumes: true) == .missingInput)
    let below = StudyFolder(study.url.appendingPathComponent("below"))
    #expect(throws: FileFault.self) { try Coordinator.check(below, resumes: false) }
    let long = StudyFolder(folder.file(String(repeating: "a", count: 360)))
    #expect(throws: FileFault.self) { try Coordinator.check(long, resumes: false) }
    symlink("nowhere", folder.file("dangling").path)
    #expect(throws: FileFault.self) { try Coordinator.check(StudyFolder(folder.file("dangling")), resumes: false) }
    #expect(try String(contentsOf: study.url, encoding: .utf8) == "mine")
  }

  @Test(.enabled(if: getuid() != 0, "root may write everywhere"))
  func aFolderThatCannotBeWrittenIsRefused() throws {
    chmod(folder.url.path, 0o555)
    defer { chmod(folder.url.path, 0o755) }
    #expect(exitCode() == .cannotCreate)
  }

  @Test func aStudyIsGoneOnWithUnlessItsFilesWereReplaced() throws {
    try makeStudy()
    #expect(exitCode() == .cannotCreate)
    #expect(exitCode(resumes: true) == nil)
    // What others put beside ours does no harm, whatever it is called.
    for name in ["notes.txt", "networks/trial-notes.txt", "networks/trial-1.onnx", "report-of-mine.html"] {
      try put(name)
    }
    try put("networks/trial-0001-rung-2.onnx", "weights, then metadata: coppice.trial")
    #expect(exitCode(resumes: true) == nil)
    try put("networks/trial-0002-rung-2.onnx", "a network of mine")
    #expect(exitCode(resumes: true) == .cannotCreate)
    unlink(study.networks.appendingPathComponent("trial-0002-rung-2.onnx").path)
    #expect(exitCode(resumes: true) == nil)
    try put("spec.yaml", "study: mine")
    #expect(exitCode(resumes: true) == .cannotCreate)
    #expect(throws: OutputError.self) { try study.write(ToyStudy.context().spec) }
    #expect(try String(contentsOf: study.spec, encoding: .utf8) == "study: mine")
  }

  @Test func aSpecBehindALinkIsWrittenThere() throws {
    try makeStudy()
    let elsewhere = folder.file("spec of the night.yaml")
    try FileManager.default.moveItem(at: study.spec, to: elsewhere)
    symlink(elsewhere.path, study.spec.path)
    #expect(exitCode(resumes: true) == nil)
    var spec = ToyStudy.context().spec
    spec.workers = 11
    try study.write(spec)
    #expect(try String(contentsOf: elsewhere, encoding: .utf8).contains("workers: 11"))
    var status = stat()
    #expect(lstat(study.spec.path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
  }

  @Test func theStudysOwnFilesAreKnown() throws {
    try makeStudy()
    for name in [
      "study.sqlite", "study.sqlite-wal", "study.lock", "spec.yaml", "networks/a.svg", "artifacts/objects/ab/x",
    ] {
      #expect(study.keeps(study.url.appendingPathComponent(name)), "\(name)")
    }
    for name in ["report.html", "mine.html", "../out2/study.sqlite"] {
      #expect(!study.keeps(study.url.appendingPathComponent(name).standardized), "\(name)")
    }
  }
}
