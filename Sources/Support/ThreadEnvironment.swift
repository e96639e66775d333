/// What the environment tells the kernels' threads when an engine starts. OpenMP reads it once, when its library is loaded.
package enum ThreadEnvironment {
  /// OpenMP's own variable for how idle threads wait, and that of GNU's implementation, which libtorch brings along.
  private static let (policy, spins) = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")

  /// Turns of a waiting thread before it sleeps, some microseconds.
  ///
  /// GNU's default is 300,000, milliseconds at every end of a parallel loop: where another process has one of the processors, the
  /// threads that have arrived keep theirs busy until the one that is missing gets its turn (`scripts/benchmarks/threads`).
  package static let usualSpins = 1000

  /// Whether it says how threads wait.
  package static func isComplete(_ environment: [String: String]) -> Bool {
    environment[policy] != nil || environment[spins] != nil
  }

  /// `environment` with what it does not say itself; `threads` where a number is to be set.
  package static func completed(_ environment: [String: String], threads: Int? = nil) -> [String: String] {
    var result = environment
    if !isComplete(environment) {
      result[policy] = "passive"
      result[spins] = "\(usualSpins)"
    }
    if let threads { result["OMP_NUM_THREADS"] = "\(threads)" }
    return result
  }
}
