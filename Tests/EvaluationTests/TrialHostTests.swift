import Evaluation
import Foundation
import Logging
import Pruning
import StudyModel
import Support
import Synchronization
import Tensors
import Testing
import TrialHost
import WireProtocol

extension Logger {
  /// For tests that do not look at the log.
  fileprivate static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

extension EvaluationTests {
  @Suite struct TrialHostTests {
    /// What the host's thread tells the test's.
    private final class Outcome: Sendable {
      let told = Mutex<EndOfCommands?>(nil)
      let returned = Mutex<EndOfCommands?>(nil)
      let ended = DispatchSemaphore(value: 0)
    }

    /// A host on a thread of its own, and the worker's end of its pipes.
    private final class HostedEngine {
      let channel: EngineChannel
      private let commandsIn: Pipe
      private let eventsOut: Pipe
      private let outcome = Outcome()

      init(fault: FaultInjection? = nil, now: (@Sendable () -> Double)? = nil, memory: (@Sendable () -> Int?)? = nil) {
        let (commands, events) = (Pipe(), Pipe())
        (commandsIn, eventsOut) = (commands, events)
        channel = EngineChannel(
          readDescriptor: events.fileHandleForReading.fileDescriptor,
          writeDescriptor: commands.fileHandleForWriting.fileDescriptor)
        let hostChannel = EngineChannel(
          readDescriptor: commands.fileHandleForReading.fileDescriptor,
          writeDescriptor: events.fileHandleForWriting.fileDescriptor)
        let thread = Thread { [outcome] in
          let uptime = { ProcessInfo.processInfo.systemUptime }
          let host = TrialHost(
            channel: hostChannel, threads: 1, fault: fault, now: now ?? uptime, residentBytes: memory ?? { 0 },
            logger: .silent)
          let end = try? host.run { end in outcome.told.withLock { $0 = end } }
          outcome.returned.withLock { $0 = end }
          outcome.ended.signal()
        }
        thread.stackSize = 16 << 20
        thread.start()
      }

      /// Events up to the answer of the last command.
      func events() throws -> [EngineEvent] {
        var events: [EngineEvent] = []
        while let event = try channel.receiveEvent() {
          events.append(event)
          if case .progress = event { continue }
          return events
        }
        return events
      }

      func closeCommands() { try? commandsIn.fileHandleForWriting.close() }

      /// What the host returned, if it is what was told before; nil after ten seconds.
      func waitForEnd() -> EndOfCommands? {
        guard outcome.ended.wait(timeout: .now() + 10) == .success else { return nil }
        let end = outcome.returned.withLock { $0 }
        return end == outcome.told.withLock { $0 } ? end : nil
      }
    }

    @Test("A study, then a baseline and a trial: progress, then a result for each")
    func conversation() throws {
      let study = try StudyFixture()
      let engine = HostedEngine()
      try engine.channel.send(.study(study.context))
      for assignment in [study.baseline, study.rung(0, of: study.plan())] {
        try engine.channel.send(.begin(assignment))
        let events = try engine.events()
        guard case .result(let lease, let result, false)? = events.last else {
          Issue.record("\(events)")
          return
        }
        #expect(lease == assignment.lease)
        #expect(result.fault == nil)
        #expect(try study.store.contains(#require(result.checkpoint)))
        var last = 0.0
        for case .progress(let lease, _, let fraction) in events {
          #expect(lease == assignment.lease)
          #expect(fraction >= last)
          last = fraction
        }
        #expect(events.count > 3)
      }
      engine.closeCommands()
      #expect(engine.waitForEnd() == .closed)
    }

    @Test("A study that cannot be used fails without a lease, an evaluation with its own, and the host goes on")
    func failures() throws {
      let study = try StudyFixture()
      let engine = HostedEngine()
      var broken = study.context
      broken.spec.data = DataSource(format: "idx", path: "/nowhere")
      try engine.channel.send(.study(broken))
      try engine.channel.send(.begin(study.baseline))
      guard case .failed(nil, .badInput, let message, _)? = try engine.events().last else {
        Issue.record("no failure")
        return
      }
      #expect(message.contains("/nowhere"))

      try engine.channel.send(.begin(study.baseline))
      guard case .failed(study.baseline.lease, .internal, _, _)? = try engine.events().last else {
        Issue.record("no failure")
        return
      }

      try engine.channel.send(.study(study.context))
      var impossible = study.rung(0, of: study.plan())
      impossible.plan.sparsity = .perGroup(["nowhere": 0.5])
      try engine.channel.send(.begin(impossible))
      guard case .failed(impossible.lease, .deterministic, _, _)? = try engine.events().last else {
        Issue.record("no failure")
        return
      }
      var hurried = study.rung(0, of: study.plan())
      hurried.timeLimit = 0
      try engine.channel.send(.begin(hurried))
      guard case .failed(hurried.lease, .resource, _, _)? = try engine.events().last else {
        Issue.record("no failure")
        return
      }
      try engine.channel.send(.begin(study.baseline))
      guard case .result? = try engine.events().last else {
        Issue.record("no result")
        return
      }
      engine.closeCommands()
      #expect(engine.waitForEnd() == .closed)
    }

    /// A clock that goes on by a second for each call of libtorch: the time that work takes, whatever the machine does.
    private static func workClock() -> @Sendable () -> Double { { Double(TorchRuntime.callCount) } }

    @Test(
      "However long scoring takes, the worker hears of it in time, and the share rises",
      arguments: [Criterion.obs, .taylor])
    func longScoring(_ criterion: Criterion) throws {
      let study = try StudyFixture()
      let engine = HostedEngine(now: Self.workClock())
      var assignment = study.rung(0, of: study.plan(criterion))
      assignment.timeLimit = 1e12
      try engine.channel.send(.study(study.context))
      try engine.channel.send(.begin(assignment))
      var shares: [Double] = []
      let events = try engine.events()
      for case .progress(assignment.lease, "score", let share) in events { shares.append(share) }
      guard case .result? = events.last else {
        Issue.record("\(events.suffix(3))")
        return
      }
      #expect(shares.count >= Calibration().batches, "\(shares.count) reports")
      #expect(Set(shares).count >= Calibration().batches && shares == shares.sorted())
      engine.closeCommands()
      #expect(engine.waitForEnd() == .closed)
    }

    @Test("The time limit is looked at in every report of every step, and ends it there")
    func timeLimit() throws {
      let study = try StudyFixture()
      // Each look at the clock takes a second, so a limit of k - 0.5 s ends the evaluation at its k-th report.
      let looks = Mutex(0)
      let engine = HostedEngine(now: {
        looks.withLock {
          $0 += 1
          return Double($0)
        }
      })
      var context = study.context
      context.spec.objectives = [.accuracy, .parameters]
      func answer(seed: UInt64, limit: Double) throws -> (event: EngineEvent?, looks: Int) {
        var assignment = study.rung(0, of: study.plan(.sparseGPT, seed: seed))
        assignment.timeLimit = limit
        looks.withLock { $0 = 0 }
        try engine.channel.send(.begin(assignment))
        let event = try engine.events().last
        return (event, looks.withLock { $0 })
      }
      func stepAtLimit(_ event: EngineEvent?) -> String? {
        guard case .failed(.some, .resource, let message, _)? = event else { return nil }
        return EvaluationStep.allCases.map(\.rawValue).first { message.contains("at step '\($0)'") }
      }
      try engine.channel.send(.study(context))
      #expect(stepAtLimit(try answer(seed: 0, limit: 2.5).event) == "load")
      try engine.channel.send(.study(context))
      _ = try answer(seed: 1, limit: 1e9)
      let whole = try answer(seed: 2, limit: 1e9)
      guard case .result? = whole.event else {
        Issue.record("\(String(describing: whole.event))")
        return
      }
      // The first look is the beginning's.
      let count = whole.looks - 1
      var steps = Set<String>()
      for report in Set(Array(1...12) + Array(max(1, count - 24)...count) + (1..<8).map { $0 * count / 8 }).sorted() {
        let late = try answer(seed: UInt64(report) + 100, limit: Double(report) - 0.5)
        #expect(late.looks == report + 1, "report \(report) of \(count)")
        steps.insert(try #require(stepAtLimit(late.event), "\(String(describing: late.event))"))
      }
      #expect(steps == ["score", "prune", "recalibrate", "evaluate", "export"])
      engine.closeCommands()
      #expect(engine.waitForEnd() == .closed)
    }

    @Test("An engine that has grown says so with its result, and runs nothing after that")
    func retirement() throws {
      let study = try StudyFixture()
      let bytes = Mutex(1 << 30)
      let isKept = Mutex(false)
      // Memory that only the allocator keeps is gone at the second look.
      let engine = HostedEngine(memory: {
        let kept = isKept.withLock { isKept in
          defer { isKept = false }
          return isKept ? 5 << 30 : 0
        }
        return bytes.withLock { $0 + kept }
      })
      try engine.channel.send(.study(study.context))
      func retires(_ assignment: Assignment) throws -> Bool? {
        try engine.channel.send(.begin(assignment))
        guard case .result(assignment.lease, _, let retires)? = try engine.events().last else { return nil }
        return retires
      }
      #expect(try retires(study.baseline) == false)
      bytes.withLock { $0 = 2 << 30 }
      #expect(try retires(study.rung(0, of: study.plan())) == false, "one GiB more is allowed")
      isKept.withLock { $0 = true }
      #expect(try retires(study.baseline) == false, "what is free is given back")
      bytes.withLock { $0 += 1 }
      #expect(try retires(study.baseline) == true)
      try engine.channel.send(.begin(study.baseline))
      engine.closeCommands()
      #expect(engine.waitForEnd() == .closed)
    }

    @Test("A limit of the study's counts from the first evaluation, and growth below it does not")
    func memoryLimit() throws {
      let study = try StudyFixture()
      let bytes = Mutex(1 << 30)
      let engine = HostedEngine(memory: { bytes.withLock { $0 } })
      var context = study.context
      context.spec.memoryLimit = 8 << 30
      try engine.channel.send(.study(context))
      for (size, wanted) in [(1 << 30, false), (8 << 30, false), ((8 << 30) + 1, true)] {
        bytes.withLock { $0 = size }
        try engine.channel.send(.begin(study.baseline))
        guard case .result(_, _, wanted)? = try engine.events().last else {
          Issue.record("\(size) bytes")
          return
        }
      }
      engine.closeCommands()
      #expect(engine.waitForEnd() == .closed)
    }

    @Test("The end of the commands is told in the middle of a long fine-tuning")
    func endDuringStep() throws {
      let study = try StudyFixture()
      let told = DispatchSemaphore(value: 0)
      let (commands, events) = (Pipe(), Pipe())
      let worker = EngineChannel(
        readDescriptor: events.fileHandleForReading.fileDescriptor,
        writeDescriptor: commands.fileHandleForWriting.fileDescriptor)
      var runner = try study.runner()
      let start = try runner.run(study.rung(0, of: study.plan()))
      let returned = DispatchSemaphore(value: 0)
      let (input, output) = (
        commands.fileHandleForReading.fileDescriptor, events.fileHandleForWriting.fileDescriptor
      )
      Thread {
        let host = TrialHost(
          channel: EngineChannel(readDescriptor: input, writeDescriptor: output), threads: 1, fault: nil,
          logger: .silent)
        _ = try? host.run { _ in told.signal() }
        returned.signal()
      }.start()
      try worker.send(.study(study.context))
      // Hours of training.
      try worker.send(.begin(study.rung(1, of: study.plan(), from: 0, to: 100_000, parent: start.checkpoint)))
      while let event = try worker.receiveEvent() {
        if case .progress(_, "fine-tune", let fraction) = event, fraction > 0 { break }
      }
      try commands.fileHandleForWriting.close()
      #expect(told.wait(timeout: .now() + 2) == .success)
      // Here the real process is gone already; this thread ends when it finds nobody to report to.
      try events.fileHandleForReading.close()
      #expect(returned.wait(timeout: .now() + 10) == .success)
    }

    @Test("Faults are injected where the environment asks, and once where it says so")
    func faults() throws {
      #expect(FaultInjection(environment: [:]) == nil)
      #expect(FaultInjection(environment: ["COPPICE_FAULT": "engine-exit-at:nowhere"]) == nil)
      let study = try StudyFixture()
      let once = study.folder.file("once").path
      let fault = try #require(
        FaultInjection(environment: ["COPPICE_FAULT": "engine-throw-at:evaluate", "COPPICE_FAULT_ONCE": once]))
      #expect(fault.action == .throw && fault.step == .evaluate)
      let engine = HostedEngine(fault: fault)
      try engine.channel.send(.study(study.context))
      try engine.channel.send(.begin(study.baseline))
      guard case .failed(study.baseline.lease, .transient, _, _)? = try engine.events().last else {
        Issue.record("no failure")
        return
      }
      try engine.channel.send(.begin(study.baseline))
      guard case .result? = try engine.events().last else {
        Issue.record("no result")
        return
      }
      engine.closeCommands()
      #expect(engine.waitForEnd() == .closed)
    }
  }
}
