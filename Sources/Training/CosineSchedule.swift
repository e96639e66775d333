import Foundation

/// A learning rate that falls from its peak to zero along half a cosine (Loshchilov and Hutter 2017, equation 5, without
/// restarts): the same rates as PyTorch's `CosineAnnealingLR` that is stepped after each of `steps` steps.
package struct CosineSchedule: Sendable, Hashable {
  package let peak: Double
  package let steps: Int

  package init(peak: Double, steps: Int) {
    self.peak = peak
    self.steps = steps
  }

  /// The rate of step 0..<steps; the zero itself would be step `steps`, which is never taken.
  package func rate(at step: Int) -> Double {
    guard steps > 0 else { return 0 }
    return peak * (1 + cos(Double.pi * Double(step) / Double(steps))) / 2
  }
}
