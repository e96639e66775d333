import Coordination
import Foundation
import StudyModel
import StudyStore
import Support
import Testing
import WireProtocol

/// All workers of one run have one engine, unless the user wants it otherwise.
@Suite struct EnginePinTests {
  private typealias Fixture = MachineFixture

  private static let engine = EngineIdentity(
    sources: Digest(of: Data("sources".utf8)), libtorch: "2.13.0, build 1", instructionSet: "x86_64 AVX512")
  private static var others: [EngineIdentity] {
    var (sources, libtorch, instructions) = (engine, engine, engine)
    sources.sources = Digest(of: Data("other sources".utf8))
    libtorch.libtorch = "2.13.0, build 2"
    instructions.instructionSet = "x86_64 AVX2"
    return [sources, libtorch, instructions]
  }

  /// Nil when the worker is welcome.
  private func rejection(_ engine: EngineIdentity?, _ number: UInt8, in fixture: inout Fixture) throws -> Rejection? {
    var worker = Fixture.worker(number)
    let answers = try fixture.say(Fixture.hello(worker, engine: engine), by: &worker)
    for case .reject(let rejection) in answers { return rejection }
    #expect(answers.contains { if case .welcome = $0 { true } else { false } })
    return nil
  }

  private func notes(_ journal: InMemoryJournal) -> [EngineIdentity] { journal.history().compactMap(\.engine) }

  @Test(arguments: 0..<3) func anotherEngineThanTheFirstIsRefusedInWords(part: Int) throws {
    var fixture = try Fixture()
    let other = Self.others[part]
    #expect(try rejection(Self.engine, 1, in: &fixture) == nil)
    #expect(try rejection(Self.engine, 2, in: &fixture) == nil)
    let refusal = try #require(try rejection(other, 3, in: &fixture))
    #expect(refusal.code == .engine)
    for word in [
      Self.engine.digest.short, other.digest.short, "--mixed-engines",
      [
        "sources \(other.sources.short), not \(Self.engine.sources.short)",
        "libtorch 2.13.0, build 2, not 2.13.0, build 1",
        "instruction set x86_64 AVX2, not x86_64 AVX512",
      ][part],
    ] {
      #expect(refusal.text.contains(word), "\(refusal.text)")
    }
    #expect(notes(fixture.journal) == [Self.engine])
    // Refused workers get no work, and their refusal is in the history.
    var worker = Fixture.worker(3)
    let answers = try fixture.say(.ready(Ready(freeSlots: 1)), by: &worker)
    #expect(Fixture.assignment(in: answers) == nil)
    #expect(fixture.journal.history().contains { $0.kind == "refused" && $0.detail.hasPrefix("engine: ") })
  }

  @Test func mixedEnginesAreAcceptedWhereAskedForAndEachIsNoted() throws {
    var fixture = try Fixture(mixesEngines: true)
    for (number, engine) in ([Self.engine] + Self.others + [Self.engine]).enumerated() {
      #expect(try rejection(engine, UInt8(number + 1), in: &fixture) == nil)
    }
    #expect(notes(fixture.journal) == [Self.engine] + Self.others)
  }

  /// A study that was begun with another engine goes on: each run of the coordinator has its own.
  @Test func aRebuiltEngineResumesTheStudy() throws {
    var first = try Fixture()
    #expect(try rejection(Self.engine, 1, in: &first) == nil)
    var second = try Fixture(journal: first.journal)
    #expect(try rejection(Self.others[0], 1, in: &second) == nil)
    #expect(try rejection(Self.engine, 2, in: &second)?.code == .engine)
    #expect(notes(first.journal) == [Self.engine, Self.others[0]])
  }

  @Test func workersWithoutAnEngineOfOursPinNothing() throws {
    var fixture = try Fixture()
    #expect(try rejection(nil, 1, in: &fixture) == nil)
    #expect(try rejection(Self.engine, 2, in: &fixture) == nil)
    #expect(try rejection(nil, 3, in: &fixture) == nil)
  }
}
