import Support
import Testing

@Suite struct ThreadEnvironmentTests {
  @Test func waitingThreadsSleepUnlessTheUserSaysOtherwise() {
    let plain = ThreadEnvironment.completed(["PATH": "/bin"], threads: 2)
    #expect(
      plain == [
        "PATH": "/bin", "OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "\(ThreadEnvironment.usualSpins)",
        "OMP_NUM_THREADS": "2",
      ])
    #expect(ThreadEnvironment.isComplete(plain) && !ThreadEnvironment.isComplete(["OMP_NUM_THREADS": "2"]))
    for own in [["OMP_WAIT_POLICY": "active"], ["GOMP_SPINCOUNT": "infinity"]] {
      #expect(ThreadEnvironment.completed(own) == own)
    }
  }
}
