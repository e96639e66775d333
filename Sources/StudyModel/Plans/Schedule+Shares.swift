import Foundation

/// How much has left after each cut, in closed form.
///
/// Every share is *of the network as it was before the first cut*, never of what an earlier cut left: after the last
/// cut the plan's sparsity is what is gone, whatever the number of steps.
extension Schedule {
  /// True when the cuts are known before anything is trained.
  package var isFixed: Bool {
    switch kind {
    case .oneShot, .iterative, .agp, .fixedRate: true
    case .dynamicRate, .history: false
    }
  }

  /// Cumulative shares, rising to `share`; empty for schedules that look at the validation score.
  ///
  /// - iterative: s k / n after cut k of n;
  /// - agp: s (1 - (1 - k / n)^3), Zhu and Gupta 2017, equation 1, from a sparsity of zero;
  /// - fixed rate: 1 - (1 - r)^k, until that reaches s; the last cut takes what is missing.
  package func cumulativeShares(to share: Double) -> [Double] {
    let count = cutCount(to: share)
    return (0..<count).map { cumulativeShare(afterCut: $0 + 1, of: count, to: share) }
  }

  /// The same for each part of a sparsity: every group's own share rises by the schedule, and a threshold does by the
  /// fractions that a share of one would have.
  package func sparsities(to sparsity: Sparsity) -> [Sparsity] {
    let count = cutCount(to: sparsity.limit)
    return (1..<count + 1).map { cut in
      func after(_ share: Double) -> Double { cumulativeShare(afterCut: cut, of: count, to: share) }
      switch sparsity {
      case .uniform(let share): return .uniform(after(share))
      case .perGroup(let shares): return .perGroup(shares.mapValues(after))
      case .threshold(let threshold): return .threshold(cut == count ? threshold : threshold * after(1))
      }
    }
  }

  private func cutCount(to share: Double) -> Int {
    switch kind {
    case .oneShot: return 1
    case .iterative, .agp: return max(steps, 1)
    case .fixedRate:
      guard rate > 0, rate < 1 else { return 1 }
      let whole = share < 1 ? Foundation.log(1 - share) / Foundation.log(1 - rate) : .infinity
      // A hair above a whole number of steps is that number.
      return max(1, min(whole < Double(Int32.max) ? Int((whole - 1e-9).rounded(.up)) : Int.max, max(steps, 1)))
    case .dynamicRate, .history: return 0
    }
  }

  private func cumulativeShare(afterCut cut: Int, of count: Int, to share: Double) -> Double {
    guard cut < count else { return share }
    let done = Double(cut) / Double(count)
    switch kind {
    case .oneShot, .dynamicRate, .history: return share
    case .iterative: return share * done
    case .agp: return share * (1 - pow(1 - done, 3))
    case .fixedRate: return min(share, 1 - pow(1 - rate, Double(cut)))
    }
  }
}

extension Sparsity {
  /// The largest share in it; one for a threshold, which is no share.
  package var limit: Double {
    switch self {
    case .uniform(let share): share
    case .perGroup(let shares): shares.values.max() ?? 0
    case .threshold: 1
    }
  }

  /// All of its shares, or its threshold, times a fraction.
  package func scaled(by fraction: Double) -> Sparsity {
    switch self {
    case .uniform(let share): .uniform(share * fraction)
    case .perGroup(let shares): .perGroup(shares.mapValues { $0 * fraction })
    case .threshold(let threshold): .threshold(threshold * fraction)
    }
  }
}
