import Coordination
import StudyModel
import Support
import Testing

private typealias Fixture = MachineFixture

/// What a user sees of a search while it runs.
@Suite struct ProgressLineTests {
  private let key = EvaluationKey(trial: TrialID(12), rung: 1)

  /// A search with so many workers at work.
  private func progress(_ running: [SearchProgress.Running], idle: [String] = []) throws -> SearchProgress {
    var progress = try Fixture(trials: 40).machine.progress(front: [], now: 0)
    progress.phase = .search
    progress.elapsed = 125
    progress.timeLeft = 55
    progress.trials = 27
    progress.finishedByRung = [20, 5, 2]
    progress.running = running
    progress.idle = idle
    return progress
  }

  @Test func rungsAreSaidInPlainWords() throws {
    var line = ProgressLine(spec: ToyStudy.context(trials: 40).spec)
    let text = line.text(try progress([]))
    #expect(text == "2 min 5 s  55 s left  27 of 40 trials  front 0  20 pruned, 5 trained 1 epoch, 2 trained 3 epochs")
    #expect(!text.contains("rung"))
  }

  @Test func aSearchOverItsTimeIsEnding() throws {
    var line = ProgressLine(spec: ToyStudy.context(trials: 40).spec)
    var late = try progress([])
    late.timeLeft = 0
    #expect(line.text(late).hasPrefix("2 min 5 s  ending  27 of 40 trials"))
  }

  @Test(arguments: [80, 100, 200])
  func fitsTheWindow(columns: Int) throws {
    var line = ProgressLine(spec: ToyStudy.context(trials: 40).spec)
    let workers = (0..<8).map {
      SearchProgress.Running(worker: "worker-\($0)-網路", key: key, step: "latency", fraction: 0.4)
    }
    for count in 0...8 {
      let text = line.text(try progress(Array(workers.prefix(count)), idle: ["a"]), columns: columns)
      #expect(TerminalText.width(text) <= columns, "\(text)")
      #expect(text.hasPrefix("2 min 5 s  55 s left  27 of 40 trials"))
    }
    // The workers stay longer than the trials' counts.
    let text = line.text(try progress(Array(workers.prefix(1))), columns: columns)
    #expect(text.contains("pruned") == (columns == 200))
  }

  @Test func statesOfWorkers() throws {
    let cases: [(SearchProgress.Running, String)] = [
      (.init(worker: "w", key: key, startsEngine: true), "w starting"),
      (.init(worker: "w", key: key), "w beginning trial 12"),
      (.init(worker: "w", key: .baseline), "w beginning"),
      (.init(worker: "w", key: key, step: "fine-tune", fraction: 0.45), "w training 45%"),
      (.init(worker: "w", key: key, step: "evaluate", fraction: 0.5), "w measuring accuracy 50%"),
      (.init(worker: "w", key: key, step: "own-step", fraction: 0), "w own-step 0%"),
      (.init(worker: "w", key: key, fraction: 1), "w sending its result"),
      (.init(worker: "w", key: key, step: "score", fraction: 0.1, silence: 20), "w silent for 20 s"),
    ]
    var line = ProgressLine(spec: ToyStudy.context(trials: 40).spec)
    for (running, words) in cases {
      let text = line.text(try progress([running]))
      #expect(text.hasSuffix("  " + words), "\(text)")
    }
    let idle = line.text(try progress([], idle: ["a", "b"]))
    #expect(idle.hasSuffix("  2 idle"))
    let hostile = line.text(try progress([.init(worker: "a\u{1B}[2J", key: key)]))
    #expect(hostile.contains("a?[2J"))
  }

  /// "starting" is said only until the first word of a worker's engine; then what it does, or which trial it begins.
  @Test func aWorkerStartsOnce() throws {
    var fixture = try Fixture()
    var (worker, baseline) = try fixture.join(1)
    let first = try #require(baseline)
    func running() throws -> SearchProgress.Running {
      try #require(fixture.machine.progress(front: [], now: fixture.now).running.first)
    }
    var now = try running()
    #expect(now.startsEngine && now.step.isEmpty)
    // The READY of `join` had the next number.
    worker.sequence += 1
    _ = try fixture.say(.ping(Fixture.ping(first)), by: &worker)
    now = try running()
    #expect(!now.startsEngine && now.step == "fine-tune" && now.silence == nil, "\(now)")
    let second = try #require(try fixture.finish(first, by: &worker))
    now = try running()
    #expect(now.key == second.key && now.step.isEmpty && !now.startsEngine)
    // Another session of the same process has its engine still.
    _ = try fixture.say(Fixture.hello(worker, held: [second.lease]), by: &worker)
    now = try running()
    #expect(!now.startsEngine)
    _ = try fixture.perform(.tick, after: 20)
    now = try running()
    #expect(now.silence == 20)
    #expect(fixture.machine.progress(front: [], now: fixture.now).idle.isEmpty)
  }

  @Test func whoHasNothingToDoIsIdle() throws {
    var fixture = try Fixture()
    _ = try fixture.join(1)
    _ = try fixture.join(2)
    // The baseline is one worker's; nothing else can begin.
    #expect(fixture.machine.progress(front: [], now: fixture.now).idle == ["worker-2"])
  }
}
