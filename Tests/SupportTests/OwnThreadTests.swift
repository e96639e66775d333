import Foundation
import TestSupport
import Testing

/// The ground that blocking tests stand on.
@Suite(.ownThread) struct OwnThreadTests {
  @Test func aTestHasAThreadOfItsOwn() async {
    #expect(threadName() == OwnThread.threadName)
    #expect(Test.current?.name == "aTestHasAThreadOfItsOwn()")
  }

  @Test func aTestComesBackToItsThread() async {
    #expect(threadName() == OwnThread.threadName)
    await Task.yield()
    // Another thread, not a task: the queue of all other tests may be minutes long.
    await withCheckedContinuation { continuation in Thread.detachNewThread { continuation.resume() } }
    #expect(threadName() == OwnThread.threadName)
  }

  private nonisolated func threadName() -> String? { OwnThread.currentThreadName }

  /// Threads that start while all processors are busy are named as well.
  @Test func everyThreadHasItsName() async throws {
    for _ in 0..<200 {
      try await OwnThread.ownThread.provideScope(for: #require(Test.current), testCase: nil) {
        #expect(OwnThread.currentThreadName == OwnThread.threadName)
      }
    }
  }

  /// More tests than the machine has processors, none of which can end before all have begun.
  @Test(arguments: 0..<3) func blockedTestsDoNotHoldUpOthers(_ number: Int) async {
    let count = ProcessInfo.processInfo.activeProcessorCount * 3
    let begun = Counter()
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<count {
        group.addTask {
          let trait = OwnThread.ownThread
          try? await trait.provideScope(for: Test.current!, testCase: nil) {
            _ = begun.raise()
            let all: Void? = eventually(within: 60) { begun.value >= count ? () : nil }
            #expect(all != nil, "\(index) of round \(number) waited in vain")
          }
        }
      }
    }
  }

  @Test func aGateLetsNoMoreInThanItHasPlaces() async {
    let gate = Gate(2)
    let inside = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          await gate.enter()
          #expect(inside.raise() <= 2)
          await Task.yield()
          inside.lower()
          await gate.leave()
        }
      }
    }
    #expect(inside.value == 0)
  }

  @Test func waitingGoesOnWhileThereIsProgress() {
    var steps = 0
    let found: Int? = eventually(within: 0.05, progress: { min(steps, 40) }) {
      steps += 1
      return steps == 40 ? steps : nil
    }
    #expect(found == 40)
    let missed: Int? = eventually(within: 0.05) { nil }
    #expect(missed == nil)
  }
}
