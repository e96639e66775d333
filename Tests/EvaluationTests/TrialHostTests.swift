import Evaluation
import Foundation
import StudyModel
import Support
import Synchronization
import Testing
import TrialHost
import WireProtocol

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

      init(fault: FaultInjection? = nil) {
        let (commands, events) = (Pipe(), Pipe())
        (commandsIn, eventsOut) = (commands, events)
        channel = EngineChannel(
          readDescriptor: events.fileHandleForReading.fileDescriptor,
          writeDescriptor: commands.fileHandleForWriting.fileDescriptor)
        let hostChannel = EngineChannel(
          readDescriptor: commands.fileHandleForReading.fileDescriptor,
          writeDescriptor: events.fileHandleForWriting.fileDescriptor)
        let thread = Thread { [outcome] in
          let host = TrialHost(channel: hostChannel, threads: 1, fault: fault, log: { _ in })
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
        guard case .result(let lease, let result)? = events.last else {
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
          channel: EngineChannel(readDescriptor: input, writeDescriptor: output), threads: 1, fault: nil, log: { _ in })
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
