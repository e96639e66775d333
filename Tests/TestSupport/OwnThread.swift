import Foundation
import Synchronization
import Testing

/// Runs each test of a suite on a thread of its own, so that tests that block (on sockets, processes, locks) never hold one
/// of the few threads that all other tests of the process share, and are never held up by them.
///
/// A test that makes no end in `limit` seconds of `GrantedTime` ends the whole run with its name: a blocked thread cannot be
/// called back, and whoever waits for the run should learn why.
package struct OwnThread: TestTrait, SuiteTrait, TestScoping {
  let limit: Double
  let gate: Gate?

  /// At most 15 bytes, as Linux has it.
  package static let threadName = "blocking test"

  /// The kernel's name of the calling thread. Not Foundation's: in a thread that is faster than whoever starts it, that does not
  /// take effect.
  package static var currentThreadName: String? {
    try? String(contentsOfFile: kernelName, encoding: .utf8).trimmingCharacters(in: .newlines)
  }

  fileprivate static let kernelName = "/proc/thread-self/comm"

  package var isRecursive: Bool { true }

  package func provideScope(
    for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
  ) async throws {
    await gate?.enter()
    let executor = ThreadExecutor(name: Self.threadName)
    let (name, limit) = ("\(test.id)", limit)
    let result: Result<Void, any Error>
    do {
      result = .success(
        try await withTaskExecutorPreference(executor) {
          // On the test's thread: the way back from it leads through the queue of all other tests.
          let guardian = Guardian(test: name, limit: limit)
          defer { guardian.dismiss() }
          try await body()
        })
    } catch {
      result = .failure(error)
    }
    executor.finish()
    await gate?.leave()
    try result.get()
  }
}

extension Trait where Self == OwnThread {
  /// For suites that block: see `OwnThread`.
  package static var ownThread: Self { OwnThread(limit: 300, gate: nil) }

  /// With another limit, and no more tests at once than the gate lets in.
  package static func ownThread(limit seconds: Double = 300, through gate: Gate? = nil) -> Self {
    OwnThread(limit: seconds, gate: gate)
  }
}

/// Lets a number of tests in at once; the others wait without holding a thread.
package actor Gate {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  package init(_ places: Int) { free = places }

  package func enter() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  package func leave() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}

/// One thread that runs what a task gives it.
private final class ThreadExecutor: TaskExecutor {
  private let jobs = Mutex<[UnownedJob]>([])
  private let isFinished = Atomic<Bool>(false)
  private let arrivals = DispatchSemaphore(value: 0)

  init(name: String) {
    let thread = Thread { [self] in
      // Here and not from outside: a thread takes over its maker's name as it starts.
      try? Data(name.utf8).write(to: URL(fileURLWithPath: OwnThread.kernelName))
      while true {
        arrivals.wait()
        guard let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else {
          if isFinished.load(ordering: .acquiring) { return }
          continue
        }
        job.runSynchronously(on: asUnownedTaskExecutor())
      }
    }
    thread.stackSize = 8 << 20
    thread.start()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.append(job) }
    arrivals.signal()
  }

  /// The thread ends once it has run what it was given.
  func finish() {
    isFinished.store(true, ordering: .releasing)
    arrivals.signal()
  }
}

/// Ends the run when a test does not.
private final class Guardian: Sendable {
  private let isDismissed = Atomic<Bool>(false)

  init(test: String, limit: Double) {
    let end = GrantedTime.now + limit
    Thread.detachNewThread { [self] in
      while GrantedTime.now < end {
        if isDismissed.load(ordering: .acquiring) { return }
        usleep(100_000)
      }
      if isDismissed.load(ordering: .acquiring) { return }
      FileHandle.standardError.write(
        Data("error: the test \(test) made no end in \(Int(limit)) seconds; the run stops here.\n".utf8))
      exit(1)
    }
  }

  func dismiss() { isDismissed.store(true, ordering: .releasing) }
}
