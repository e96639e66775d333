import Foundation
import Search
import StudyModel
import Support

/// Measures as the tables and the report write them.
enum Figure {
  static func accuracy(_ accuracy: Proportion) -> String { Units.percent(accuracy.share) }

  /// Half the width of the interval is not symmetric, so both ends are written.
  static func interval(_ accuracy: Proportion) -> String {
    String(format: "%.2f-%.2f%%", accuracy.interval.lowerBound * 100, accuracy.interval.upperBound * 100)
  }

  /// Whom an evaluation is about: a trial by its number, or what stands beside the trials.
  static func subject(_ key: EvaluationKey) -> String {
    switch key.purpose {
    case .baseline: "dense"
    case .scan: "scan"
    case .trial, .sealedTest: "\(key.trial)"
    }
  }

  static func ratio(_ ratio: Double?) -> String { ratio.map { String(format: "%.3fx", $0) } ?? "-" }

  static func latency(_ seconds: Double) -> String {
    if seconds < 0.001 { return String(format: "%.1f us", seconds * 1e6) }
    if seconds < 1 { return String(format: "%.3f ms", seconds * 1000) }
    return String(format: "%.3f s", seconds)
  }

  /// A value with so many digits and its unit close by, for narrow tables: "41.20k", "547.9us", "234.4K".
  static func short(_ objective: Objective, _ value: Double?, digits: Int) -> String {
    guard let value else { return "-" }
    switch objective {
    case .accuracy: return Units.percent(value)
    case .parameters, .macs: return scaled(value, by: 1000, ["", "k", "M", "G", "T"], digits)
    case .size: return scaled(value, by: 1024, ["B", "K", "M", "G", "T"], digits)
    case .latency: return scaled(value * 1e6, by: 1000, ["us", "ms", "s"], digits)
    }
  }

  private static func scaled(_ value: Double, by step: Double, _ units: [String], _ digits: Int) -> String {
    var (scaled, unit) = (value, 0)
    while scaled >= 999.5, unit < units.count - 1 {
      scaled /= step
      unit += 1
    }
    // Counts below the first unit are whole.
    if unit == 0, ["", "B"].contains(units[0]) { return "\(Int(scaled.rounded()))\(units[0])" }
    let whole = scaled >= 1 ? Int(log10(scaled)) + 1 : 1
    return String(format: "%.\(max(0, digits - whole))f", scaled) + units[unit]
  }

  static func value(_ objective: Objective, _ value: Double?) -> String {
    guard let value else { return "-" }
    return switch objective {
    case .accuracy: Units.percent(value)
    case .parameters, .macs: Units.count(Int(value))
    case .size: Units.bytes(Int(value))
    case .latency: latency(value)
    }
  }

  /// What the figures of an objective count in this study.
  static func name(_ objective: Objective, in space: ObjectiveSpace) -> String {
    switch objective {
    case .accuracy: "accuracy"
    case .parameters: space.countsNonzero ? "non-zero parameters" : "parameters"
    case .macs: "MACs"
    case .size: "size"
    case .latency: "latency"
    }
  }

  /// Shares of a plan in one line: "0.5", or one of each group.
  static func sparsity(_ sparsity: Sparsity) -> String {
    switch sparsity {
    case .uniform(let share): plain(share)
    case .perGroup(let shares):
      shares.sorted { $0.key < $1.key }.map { "\($0.key) \(plain($0.value))" }.joined(separator: ", ")
    case .threshold(let threshold): "below \(plain(threshold))"
    }
  }

  /// The criterion, and what of the recipe is not as usual: "entropy (high, max), 2:4, agp x4, bottom-up".
  static func recipe(_ plan: PruningPlan) -> String {
    let ranking = [
      plan.ranking.removal?.rawValue, plan.ranking.aggregation?.rawValue,
      plan.ranking.normalization.map { "normalization \($0.rawValue)" },
      plan.ranking.transform == .none ? nil : plan.ranking.transform.rawValue,
    ].compactMap { $0 }
    let criterion = plan.criterion.rawValue + (ranking.isEmpty ? "" : " (\(ranking.joined(separator: ", ")))")
    let others = [
      plan.granularity == .channel ? nil : plan.granularity.rawValue,
      plan.measure == .units ? nil : "of \(plan.measure.rawValue)",
      plan.schedule.kind == .oneShot ? nil : "\(plan.schedule.kind.rawValue) x\(plan.schedule.steps)",
      plan.schedule.rewind.map { "rewind \(plain($0))" },
      plan.order == .allAtOnce ? nil : plan.order.rawValue,
      plan.sparseTraining.map { "\($0.penalty.rawValue) before" },
    ].compactMap { $0 }
    return ([criterion] + others).joined(separator: ", ")
  }

  /// Whole numbers without a point.
  static func plain(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : String(format: "%.4g", value)
  }
}
