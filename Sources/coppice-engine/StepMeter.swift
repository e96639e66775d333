import Evaluation
import Support

/// Progress of work in several steps: one meter for each, since only within a step the time left can be told.
final class StepMeter {
  private let title: String
  private var current: (step: EvaluationStep, meter: ProgressMeter)?

  init(_ title: String) { self.title = title }

  func update(_ step: EvaluationStep, _ fraction: Double) {
    if current?.step != step {
      current?.meter.finish()
      current = (step, ProgressMeter("\(title): \(step.rawValue)"))
    }
    current?.meter.update(fraction)
  }

  func finish() {
    current?.meter.finish()
    current = nil
  }
}
