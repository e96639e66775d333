import Foundation
import StudyModel
import StudyStore
import Support
import TestSupport
import Testing

/// Searches whose disk is small, with real networks on real filesystems.
@Suite(.serialized, .tags(.processes), .twoAtOnce) struct DiskTests {
  /// Bytes of the dense network's file.
  private static let denseBytes = Result {
    try Data(contentsOf: try SmallStudy.trained.get().file("base.onnx")).count
  }

  /// Room for the dense network, the baseline and two running evaluations, and for little beside them.
  @Test func aSmallQuotaIsKeptAndTheFrontIsWhole() throws {
    let quota = try 42 * Self.denseBytes.get() / 10
    let study = try SmallStudy(trials: 6, disk: "\(quota)B")
    let search = try coppice(
      ["search", study.spec, "--workers", "2", "--output", study.output], in: study.folder.url)
    #expect(search.status == 0, "\(search.errors)")
    let folder = StudyFolder(URL(fileURLWithPath: study.output))
    let reader = try StudyReader(folder)
    let snapshot = try reader.snapshot()
    #expect(snapshot.isFinished && snapshot.records.allSatisfy { $0.status == .done && $0.failure == nil })
    let log = folder.database.path + "-"
    let stored = try FileManager.default.subpathsOfDirectory(atPath: study.output).reduce(0) { sum, path in
      let attributes = try FileManager.default.attributesOfItem(atPath: study.output + "/" + path)
      // SQLite's own log comes and goes.
      guard attributes[.type] as? FileAttributeType == .typeRegular, !(study.output + "/" + path).hasPrefix(log) else {
        return sum
      }
      return sum + (attributes[.size] as? Int ?? 0)
    }
    #expect(stored <= quota)
    let history = try reader.history()
    #expect(history.contains { $0.kind == "evicted" }, "\(stored) of \(quota)")
    // Whatever was promoted after its network had left has the figures of its plan, made once more.
    let evicted = Set(history.filter { $0.kind == "evicted" }.compactMap(\.key))
    let rebuilt = snapshot.records.filter { $0.result?.timings["rebuild"] != nil }
    for record in rebuilt {
      let parent = record.key.purpose == .trial ? record.key.rung - 1 : record.key.rung
      #expect(evicted.contains(EvaluationKey(trial: record.key.trial, rung: parent)), "\(record.key)")
    }
    let networks = try FileManager.default.contentsOfDirectory(atPath: folder.networks.path)
    let front = try coppice("front", study.output, "--json", in: study.folder.url)
    #expect(front.output.components(separatedBy: "\"plan_id\"").count - 1 == networks.count && !networks.isEmpty)
    print("\(evicted.count) networks were evicted, \(rebuilt.count) made again")
  }

  @Test func aDryRunTellsOfTheDisk() throws {
    let study = try SmallStudy(trials: 300)
    let run = try coppice("search", study.spec, "--dry-run", "--output", study.output, in: study.folder.url)
    #expect(run.status == 0, "\(run.errors)")
    let dense = Units.bytes(try Self.denseBytes.get())
    #expect(run.output.contains("# Disk: the dense network has \(dense);"), "\(run.output)")
    #expect(run.output.contains("for 300 trials, some 434 evaluations"))
    #expect(run.output.contains("free: ") && run.output.contains("for '\(study.output)'"))
    #expect(!FileManager.default.fileExists(atPath: study.output))
    let small = try SmallStudy(trials: 300, disk: "1MiB")
    let warned = try coppice("search", small.spec, "--dry-run", in: small.folder.url)
    #expect(warned.status == 0 && warned.output.contains("# Warning: limits: disk is 1.00 MiB"), "\(warned.output)")
  }

  private static let mayMount: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
    process.arguments = ["-m", "sh", "-c", "mount -t tmpfs -o size=1m none /mnt"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  /// A filesystem of its own in a namespace of its own, all but full when the search begins.
  @Test(.enabled(if: mayMount, "mounting a filesystem needs root and unshare"))
  func aFullDiskPausesASearchAndRoomLetsItGoOn() throws {
    let study = try SmallStudy(trials: 3)
    let dense = try Self.denseBytes.get()
    // Three networks for each of two workers are kept free; so much is not there until the filler is gone.
    let (size, filler) = (14 * dense, 10 * dense)
    try FileManager.default.createDirectory(atPath: study.output, withIntermediateDirectories: true)
    let terminal = study.folder.file("search-full.log")
    try Data().write(to: terminal)
    let search = Process()
    search.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
    search.arguments = [
      "-m", "sh", "-c",
      """
      mount -t tmpfs -o size=\(size) none "$1" && mkdir "$1/lost+found" &&
      head -c \(filler) /dev/zero > "$1/lost+found/filler" &&
      exec "$2" search "$3" --workers 2 --output "$1"
      """, "sh", study.output, Installation.coppice.path, study.spec,
    ]
    search.standardInput = FileHandle.nullDevice
    // One for both: two would write over each other.
    let handle = try FileHandle(forWritingTo: terminal)
    (search.standardOutput, search.standardError) = (handle, handle)
    try search.run()
    defer { if search.isRunning { kill(search.processIdentifier, SIGKILL) } }
    let said: Void? = eventually(within: 60, every: 0.1) { study.logs.contains("paused: disk; ") ? () : nil }
    #expect(said != nil, "\(study.logs)")
    let shown = try run(Installation.coppice.path, "front", study.output, where: search, in: study.folder)
    #expect(shown.errors.contains("paused: disk; ") && shown.errors.contains("Make room"), "\(shown.errors)")
    Thread.sleep(forTimeInterval: 2)
    let log = try run("/bin/cat", study.output + "/logs/coordinator.log", where: search, in: study.folder)
    #expect(log.output.contains("paused: paused: disk; ") && !log.output.contains("accepted"), "\(log.output)")
    #expect(try run("/bin/rm", study.output + "/lost+found/filler", where: search, in: study.folder).status == 0)
    let ended: Void? = eventually(within: 240, every: 0.2) { search.isRunning ? nil : () }
    #expect(ended != nil, "\(study.logs)")
    search.waitUntilExit()
    #expect(search.terminationStatus == 0, "\(study.logs)")
    #expect(study.logs.contains("there is room on the disk again"))
    #expect(study.logs.contains("Pareto front of") && !study.logs.contains("failed"), "\(study.logs)")
  }

  /// Runs a program in the mount namespace of a process: its folder is not to be seen from elsewhere.
  private func run(
    _ program: String, _ arguments: String..., where process: Process, in folder: TemporaryFolder
  ) throws -> CommandOutcome {
    try outcome(
      of: URL(fileURLWithPath: "/usr/bin/nsenter"), ["-t", "\(process.processIdentifier)", "-m", program] + arguments,
      in: folder.url)
  }
}
