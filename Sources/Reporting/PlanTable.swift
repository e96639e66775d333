import StudyModel

/// The plans of a sweep before it begins, one on a line.
package enum PlanTable {
  /// How many are shown; a number says how many more there are.
  static let shown = 30

  package static func lines(_ plans: [PruningPlan]) -> [String] {
    let width = "\(min(plans.count, shown))".count
    let lines = plans.prefix(shown).enumerated().map { number, plan in
      let text = "\(number + 1)"
      return String(repeating: " ", count: width - text.count)
        + "\(text)  \(Figure.recipe(plan)), \(plan.scope.rawValue), sparsity \(Figure.sparsity(plan.sparsity))"
    }
    return lines + (plans.count > shown ? ["and \(plans.count - shown) more"] : [])
  }
}
