import Evaluation
import Foundation
import GraphRuntime
import StudyModel
import Support
import Tensors
import Testing
import Training

extension EvaluationTests {
  /// What an error means for trying again goes by its type and code.
  @Suite struct FailureClassTests {
    @Test func everyKindOfErrorHasItsClass() {
      let cases: [(any Error, FailureClass)] = [
        (TensorError(.outOfMemory, operation: "add", detail: "d"), .resource),
        (TensorError(.noDevice, operation: "add", detail: "d"), .transient),
        (TensorError(.refused, operation: "add", detail: "d"), .deterministic),
        (GraphRuntimeError(.outOfMemory, "m"), .resource), (GraphRuntimeError(.nodeFailed, "m"), .deterministic),
        (GraphRuntimeError(.inputShape, "m"), .badInput), (TrainingError(.diverged, "m"), .deterministic),
        (EvaluationError(.diverged, "m"), .deterministic), (EvaluationError(.timeLimit, "m"), .resource),
        (EvaluationError(.badArrays, "m"), .badInput),
        (FileFault(operation: "write", path: "/x", errorNumber: ENOSPC), .diskFull),
        (FileFault(operation: "write", path: "/x", errorNumber: EIO), .transient),
        (CancellationError(), .internal),
      ]
      for (error, expected) in cases { #expect(FailureClass(of: error) == expected, "\(error)") }
    }
  }
}
