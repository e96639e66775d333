import StudyModel
import Support

extension PlanSpace {
  /// Every category and share uniformly at random; criteria that cannot judge a granularity give way to the next that can.
  func randomPoint(using generator: inout SeededGenerator) -> Point {
    var categories = Array(repeating: 0, count: counts.count)
    for category in PlanCategory.always {
      categories[category.rawValue] = generator.integer(below: counts[category.rawValue])
    }
    let shares = (0..<dimensions).map { _ in share(at: generator.uniform()) }
    for category in extraCategories {
      categories[category.rawValue] = generator.integer(below: counts[category.rawValue])
    }
    return repaired(Point(categories: categories, shares: shares))
  }
}
