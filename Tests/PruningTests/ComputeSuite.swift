import Tensors
import Testing

/// The suites that compute with libtorch run one after another: thread counts and gradient modes belong to the process
/// or the thread.
@Suite(.serialized) struct ComputeSuite {}

/// Runs `body` on one libtorch thread, where equal work gives equal bits.
func onOneThread<Result>(_ body: () throws -> Result) throws -> Result {
  let previous = TorchRuntime.threadCount
  try TorchRuntime.setThreadCount(1)
  let result = Swift.Result(catching: body)
  try TorchRuntime.setThreadCount(previous)
  return try result.get()
}
