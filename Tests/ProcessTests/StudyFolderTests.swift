import Foundation
import TestSupport
import Testing

/// What a study's folder tells the one who comes in the morning.
@Suite(.serialized, .tags(.processes), .twoAtOnce) struct StudyFolderTests {
  private func finished(_ study: SmallStudy) throws {
    let search = try study.start()
    search.waitUntilExit()
    #expect(search.terminationStatus == 0, "\(study.logs)")
  }

  private func status(_ study: SmallStudy) throws -> [String: Any] {
    let outcome = try coppice("status", study.output, "--json", in: study.folder.url)
    return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
  }

  @Test func whatTheReportSaysCanBeDone() throws {
    let study = try SmallStudy(trials: 2)
    try finished(study)
    let words = "The search ended: all the trials of its budget are done."
    #expect(study.logs.contains(words), "\(study.logs)")
    #expect(try coppice("front", study.output, in: study.folder.url).output.contains(words))
    let report = try String(contentsOfFile: study.output + "/report.html", encoding: .utf8)
    #expect(report.contains(words))
    let status = try status(study)
    #expect((status["search_ending"] as? [String: Any])?["reason"] as? String == "trials-are-done")
    #expect((status["runs"] as? [[String: Any]])?.map { $0["ending"] as? String } == ["finished"])
    // The command that makes it again, in another folder than the spec's; only its plan is asked for.
    let command = "coppice search \(study.output)/spec.yaml --output \(study.output)-again"
    #expect(report.contains(command))
    try FileManager.default.removeItem(atPath: study.spec)
    let elsewhere = try TemporaryFolder()
    let words2 = command.split(separator: " ").dropFirst().map(String.init)
    let dry = try coppice(words2 + ["--dry-run"], in: elsewhere.url)
    #expect(dry.status == 0, "\(dry.errors)")
    // The command that goes on says that all is done, with the same spec.
    let again = try coppice(
      "search", study.output + "/spec.yaml", "--output", study.output, "--resume", in: elsewhere.url)
    #expect(again.status == 0 && again.output.contains(words), "\(again.errors)")
  }

  /// What others put into the folder stays, and what the study keeps there is no place for a report.
  @Test func filesOfOthersInAStudysFolderStay() throws {
    let study = try SmallStudy(trials: 2)
    try finished(study)
    let resume = ["search", study.spec, "--output", study.output, "--resume"]
    let names = try FileManager.default.contentsOfDirectory(atPath: study.output + "/networks").sorted()
    let mine = ["networks/trial-notes.txt", "notes.txt"]
    for name in mine { try Data("mine".utf8).write(to: URL(fileURLWithPath: study.output + "/" + name)) }
    let again = try coppice(resume, in: study.folder.url)
    #expect(again.status == 0, "\(again.errors)")
    for name in mine { #expect(try String(contentsOfFile: study.output + "/" + name, encoding: .utf8) == "mine") }
    for name in ["report.html", "spec.yaml", "networks/\(names[0])"] {
      let file = URL(fileURLWithPath: study.output + "/" + name)
      let ours = try Data(contentsOf: file)
      try Data("mine".utf8).write(to: file)
      let refused = try coppice(resume, in: study.folder.url)
      #expect(refused.status == 73 && refused.errors.contains(name), "\(refused.errors)")
      #expect(try Data(contentsOf: file) == Data("mine".utf8))
      if name == "report.html" {
        #expect(try coppice("report", study.output, in: study.folder.url).status == 73)
        #expect(try Data(contentsOf: file) == Data("mine".utf8))
      }
      try ours.write(to: file)
    }
    for name in ["study.sqlite", "spec.yaml", "artifacts/a.html", "networks/\(names[0])"] {
      let path = study.output + "/" + name
      let before = try? Data(contentsOf: URL(fileURLWithPath: path))
      let refused = try coppice("report", study.output, "-o", path, in: study.folder.url)
      #expect(refused.status == 73 && refused.errors.contains(name), "\(refused.errors)")
      #expect((try? Data(contentsOf: URL(fileURLWithPath: path))) == before)
    }
    let elsewhere = try coppice("report", study.output, "-o", study.output + "/mine.html", in: study.folder.url)
    #expect(elsewhere.status == 0, "\(elsewhere.errors)")
  }

  @Test func aStoppedSearchSaysHowItEndedAndHowItGoesOn() throws {
    let study = try SmallStudy(trials: 40)
    let search = try study.start()
    let begun: Void? = eventually(within: 120) { (try? study.history().count) ?? 0 >= 1 ? () : nil }
    #expect(begun != nil, "\(study.logs)")
    #expect(try status(study)["running"] as? Bool == true)
    kill(search.processIdentifier, SIGTERM)
    search.waitUntilExit()
    #expect(search.terminationStatus == 130)
    #expect(study.logs.contains("It was stopped (SIGTERM)."), "\(study.logs)")
    #expect(study.logs.contains("coppice search \(study.output)/spec.yaml --output \(study.output) --resume"))
    let status = try status(study)
    #expect(status["running"] as? Bool == false)
    #expect((status["runs"] as? [[String: Any]])?.map { $0["detail"] as? String } == ["SIGTERM"])
  }

  /// The spec in the folder is read from anywhere.
  @Test func theFullSpecHasItsPathsFromTheRoot() throws {
    let base = try SmallStudy.trained.get()
    let spec = """
      network: base.onnx
      data: {format: idx, path: ./}
      objectives: [accuracy, parameters]
      """
    try spec.write(to: base.file("relative.yaml"), atomically: true, encoding: .utf8)
    for path in ["relative.yaml", "./relative.yaml", base.file("relative.yaml").path] {
      let outcome = try coppice("search", path, "--dry-run", in: base.url)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("network: \(base.url.path)/base.onnx\n"), "\(outcome.output)")
      #expect(outcome.output.contains("path: \(base.url.path)/"), "\(outcome.output)")
    }
  }

  /// By default validation images come from the test file.
  @Test func aChangedTestFileIsNotResumed() throws {
    let base = try SmallStudy.trained.get()
    let study = try SmallStudy(trials: 2)
    let data = study.folder.file("data")
    try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: base.url.path) where name.hasSuffix("-ubyte") {
      try FileManager.default.copyItem(at: base.file(name), to: data.appendingPathComponent(name))
    }
    let spec = try String(contentsOfFile: study.spec, encoding: .utf8)
      .replacingOccurrences(of: "path: \(base.url.path)", with: "path: \(data.path)")
    try spec.write(toFile: study.spec, atomically: true, encoding: .utf8)
    try finished(study)
    for (part, name) in [("t10k", "the test file"), ("train", "the training file")] {
      let file = data.appendingPathComponent("\(part)-images-idx3-ubyte")
      let whole = try Data(contentsOf: file)
      var changed = whole
      changed[changed.count - 1] ^= 1
      try changed.write(to: file)
      let refused = try coppice("search", study.spec, "--output", study.output, "--resume", in: study.folder.url)
      #expect(refused.status == 78 && refused.errors.contains(name), "\(refused.errors)")
      #expect(!refused.errors.contains("the network") && !refused.errors.contains("the seed"), "\(refused.errors)")
      try whole.write(to: file)
    }
    let resumed = try coppice("search", study.spec, "--output", study.output, "--resume", in: study.folder.url)
    #expect(resumed.status == 0, "\(resumed.errors)")
  }

  @Test func aDamagedRowIsNamedAndCanBeSetAside() throws {
    let study = try SmallStudy(trials: 3)
    try finished(study)
    let before = try study.history()
    let shown = try coppice("front", study.output, "--history", "--json", in: study.folder.url).output
    let rows = try #require(try JSONSerialization.jsonObject(with: Data(shown.utf8)) as? [[String: Any]])
    let network = try #require(rows.first?["network"] as? String)
    // One digit of the digest in the stored result, wherever the row lies or lay.
    let database = URL(fileURLWithPath: study.output + "/study.sqlite")
    var bytes = try Data(contentsOf: database)
    let stored = Data("\"checkpoint\":\"\(network)".utf8)
    let changed = Data("\"checkpoint\":\"\(network.first == "0" ? "1" : "0")\(network.dropFirst())".utf8)
    let places = bytes.ranges(of: stored)
    #expect(!places.isEmpty)
    for place in places { bytes.replaceSubrange(place, with: changed) }
    try bytes.write(to: database)

    for arguments in [["front"], ["front", "--history"], ["report"], ["status"], ["status", "--json"]] {
      let outcome = try coppice([arguments[0], study.output] + arguments.dropFirst(), in: study.folder.url)
      #expect(outcome.status == 65, "\(arguments): \(outcome.errors)")
      #expect(
        outcome.errors.contains("'results', row") && !outcome.errors.contains("DecodingError"), "\(outcome.errors)")
      #expect(!outcome.output.isEmpty)
    }
    let json = try coppice("front", study.output, "--history", "--json", in: study.folder.url)
    let objects = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
    #expect(json.status == 65)
    #expect(objects.count { $0["status"] as? String == "damaged" && $0["table"] as? String == "results" } == 1)
    #expect(objects.count { $0["status"] as? String == "done" } >= before.count - 1)

    let refused = try coppice("search", study.spec, "--output", study.output, "--resume", in: study.folder.url)
    #expect(refused.status == 65 && refused.errors.contains("--set-aside-damaged"), "\(refused.errors)")
    let resumed = try coppice(
      "search", study.spec, "--output", study.output, "--resume", "--set-aside-damaged", in: study.folder.url)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.errors.contains("set aside"), "\(resumed.errors)")
    let after = try study.history()
    #expect(
      Set(after.map { "\($0.trial)/\($0.rung) \($0.accuracy)" })
        == Set(before.map { "\($0.trial)/\($0.rung) \($0.accuracy)" }))
  }

  /// The dense network is stored again at each start; a flipped bit in it does not stay.
  @Test func aDamagedNetworkInTheStoreIsMendedAtTheNextStart() throws {
    let study = try SmallStudy(trials: 2)
    try finished(study)
    let objects = URL(fileURLWithPath: study.output + "/artifacts/objects")
    var damaged: [URL: Data] = [:]
    let paths = try #require(FileManager.default.enumerator(atPath: objects.path)).compactMap { $0 as? String }
    for path in paths.filter({ $0.count > 10 }) {
      let file = objects.appendingPathComponent(path)
      let whole = try Data(contentsOf: file)
      damaged[file] = whole
      var bytes = whole
      bytes[bytes.count / 2] ^= 4
      try FileManager.default.removeItem(at: file)
      try bytes.write(to: file)
    }
    _ = try coppice("search", study.spec, "--output", study.output, "--resume", in: study.folder.url)
    let mended = damaged.filter { (try? Data(contentsOf: $0.key)) == $0.value }
    #expect(mended.count == 1, "\(mended.keys)")
  }
}
