import Testing
import Training

struct CosineScheduleTests {
  /// cos(pi t / T) at sixths of a half turn is known exactly: 1, sqrt(3)/2, 1/2, 0, -1/2, -sqrt(3)/2.
  @Test func closedForm() {
    let schedule = CosineSchedule(peak: 0.4, steps: 6)
    let root = 3.0.squareRoot() / 2
    for (step, cosine) in [1, root, 0.5, 0, -0.5, -root].enumerated() {
      #expect(abs(schedule.rate(at: step) - 0.2 * (1 + cosine)) < 1e-15)
    }
    #expect(abs(schedule.rate(at: 6)) < 1e-15)
  }

  @Test func fallsAtEveryStepAndNothingAfterIt() {
    let schedule = CosineSchedule(peak: 1, steps: 50)
    for step in 1..<50 { #expect(schedule.rate(at: step) < schedule.rate(at: step - 1)) }
    #expect(schedule.rate(at: 49) > 0)
    #expect(CosineSchedule(peak: 1, steps: 0).rate(at: 0) == 0)
  }
}
