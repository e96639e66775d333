import Selection
import StudyModel
import Testing

/// When how much leaves, without any network.
@Suite struct ScheduleArithmeticTests {
  private func expectEqual(_ values: [Double], _ expected: [Double], _ name: String) {
    #expect(values.count == expected.count, "\(name): \(values)")
    for (value, wanted) in zip(values, expected) { #expect(abs(value - wanted) < 1e-12, "\(name): \(values)") }
  }

  @Test func cumulativeSharesInClosedForm() {
    expectEqual(Schedule().cumulativeShares(to: 0.7), [0.7], "one-shot")
    expectEqual(Schedule(.iterative, steps: 3).cumulativeShares(to: 0.6), [0.2, 0.4, 0.6], "iterative")
    // 1 - (3/4)^3, 1 - (1/2)^3, 1 - (1/4)^3 of 0.8.
    expectEqual(
      Schedule(.agp, steps: 4).cumulativeShares(to: 0.8), [0.8 * 37 / 64, 0.7, 0.8 * 63 / 64, 0.8], "agp")
    expectEqual(
      Schedule(.fixedRate, steps: 9, rate: 0.2).cumulativeShares(to: 0.5), [0.2, 0.36, 0.488, 0.5], "fixed rate")
    expectEqual(
      Schedule(.fixedRate, steps: 9, rate: 0.2).cumulativeShares(to: 0.36), [0.2, 0.36], "reached on the way")
    expectEqual(Schedule(.fixedRate, steps: 2, rate: 0.2).cumulativeShares(to: 0.5), [0.2, 0.5], "too few steps")
    expectEqual(Schedule(.dynamicRate, steps: 4).cumulativeShares(to: 0.5), [], "decided on the way")
    for kind in [Schedule.Kind.oneShot, .iterative, .agp, .fixedRate] {
      for steps in [1, 2, 7] {
        let shares = Schedule(kind, steps: steps, rate: 0.1).cumulativeShares(to: 0.9)
        #expect(shares.last == 0.9 && zip(shares, shares.dropFirst()).allSatisfy { $0 < $1 }, "\(kind) \(shares)")
      }
    }
  }

  @Test func sharesOfGroupsAndThresholdsRiseAlike() {
    let schedule = Schedule(.iterative, steps: 2)
    #expect(
      schedule.sparsities(to: .perGroup(["a": 0.5, "b": 0.25])) == [
        .perGroup(["a": 0.25, "b": 0.125]), .perGroup(["a": 0.5, "b": 0.25]),
      ])
    #expect(schedule.sparsities(to: .threshold(3)) == [.threshold(1.5), .threshold(3)])
    // A fixed rate is each group's own: the one with the smaller share is done first.
    let rates = Schedule(.fixedRate, steps: 5, rate: 0.5).sparsities(to: .perGroup(["a": 0.75, "b": 0.25]))
    #expect(rates == [.perGroup(["a": 0.5, "b": 0.25]), .perGroup(["a": 0.75, "b": 0.25])])
  }

  @Test func theRateFollowsTheScore() {
    let schedule = Schedule(.dynamicRate, steps: 10, rate: 0.2, tolerance: 0.02)
    var rule = DynamicRate(schedule, target: 0.8, baseline: 0.9)
    func share(_ decision: DynamicRate.Decision) -> Double {
      if case .cut(let share) = decision { share } else { .nan }
    }
    #expect(abs(share(rule.start()) - 0.2) < 1e-12)
    // Nothing lost: half as much more of the 0.8 that is left.
    #expect(abs(share(rule.decide(accuracy: 0.91)) - (1 - 0.8 * 0.7)) < 1e-12)
    // More than half of the tolerance lost: half the rate.
    #expect(abs(share(rule.decide(accuracy: 0.885)) - (1 - 0.56 * 0.85)) < 1e-12)
    #expect(rule.decide(accuracy: 0.8799) == .takeBack)
    #expect(rule.decide(accuracy: .nan) == .takeBack)
  }

  @Test func theRateEndsAtTheSparsityOrWithItsSteps() {
    var rule = DynamicRate(Schedule(.dynamicRate, steps: 9, rate: 0.4, tolerance: 0.1), target: 0.6, baseline: 0.5)
    #expect(rule.start() == .cut(to: 1 - (1 - 0.4)))
    // 0.4 x 1.5 is more than a half; 1 - 0.6 x 0.5 is beyond the target.
    #expect(rule.decide(accuracy: 0.5) == .cut(to: 0.6))
    #expect(rule.decide(accuracy: 0.5) == .stop)
    var short = DynamicRate(Schedule(.dynamicRate, steps: 1, rate: 0.1, tolerance: 0.1), target: 0.6, baseline: 0.5)
    _ = short.start()
    #expect(short.decide(accuracy: 0.5) == .stop)
    var none = DynamicRate(Schedule(.dynamicRate, steps: 3), target: 0, baseline: 0.5)
    #expect(none.start() == .stop)
  }

  /// Accuracy by threshold as a given function; what the search ends with, and how many cuts it took.
  private func search(
    steps: Int, tolerance: Double, _ accuracy: (Double) -> Double
  ) -> (best: Double, tried: [Double]) {
    let schedule = Schedule(.history, steps: steps, tolerance: tolerance)
    var history = ThresholdHistory(schedule, limit: 1, dense: (accuracy(0), 1 - accuracy(0)))
    var tried: [Double] = []
    while let next = history.next() {
      #expect(next > history.best.threshold && next <= 1)
      tried.append(next)
      history.add(.init(threshold: next, accuracy: accuracy(next), loss: 1 - accuracy(next)))
    }
    return (history.best.threshold, tried)
  }

  @Test func thresholdsAreFoundFromTheHistory() {
    // Within 0.03 of 0.9 up to 0.65.
    let (best, tried) = search(steps: 20, tolerance: 0.03) { 0.9 - max(0, $0 - 0.5) * 0.2 }
    #expect(best <= 0.65 + 1e-9 && best > 0.63, "\(tried)")
    #expect(tried.count <= 20)
    #expect(search(steps: 20, tolerance: 0.03) { 0.9 - max(0, $0 - 0.5) * 0.2 }.tried == tried)
    // A cliff says nothing to a line; the middle finds it.
    let cliff = search(steps: 20, tolerance: 0.01) { $0 < 0.37 ? 0.8 : 0.1 }
    #expect(cliff.best < 0.37 && cliff.best > 0.35, "\(cliff.tried)")
    #expect(search(steps: 20, tolerance: 0.5) { 0.9 - 0.1 * $0 }.best == 1)
    #expect(search(steps: 3, tolerance: 0) { 0.9 - $0 }.best == 0)
    #expect(search(steps: 3, tolerance: 0.01) { 0.9 - 0.02 * $0 }.tried.count <= 3)
  }

  /// Noise cannot make the search accept what was beyond the tolerance, or pass over a failure.
  @Test func aHistoryThatIsNotMonotoneIsPooled() {
    let values: [(Double, Double)] = [(0.2, 0.88), (0.4, 0.895), (0.8, 0.7)]
    var history = ThresholdHistory(
      Schedule(.history, steps: 9, tolerance: 0.05), limit: 1, dense: (accuracy: 0.9, loss: 0.3))
    for (threshold, accuracy) in values {
      history.add(.init(threshold: threshold, accuracy: accuracy, loss: 1 - accuracy))
    }
    #expect(history.best.threshold == 0.4)
    // 0.2 and 0.4 pool to 0.8875; the line to (0.8, 0.7) crosses 0.85 at a fifth of the way.
    let next = history.next() ?? 0
    #expect(abs(next - (0.4 + 0.4 * 0.0375 / 0.1875)) < 1e-9)
    history.add(.init(threshold: 0.1, accuracy: 0.5, loss: 1))
    #expect(history.best.threshold == 0)
  }

  @Test func turnsAreTaken() {
    func plan(_ kind: Schedule.Kind, steps: Int, _ order: LayerOrder) -> PruningPlan {
      PruningPlan(criterion: .l1, sparsity: .uniform(0.5), schedule: Schedule(kind, steps: steps), order: order)
    }
    let names = ["a", "b", "c", "d", "e"]
    func cuts(_ plan: PruningPlan) -> [Cut] { CutSequence(plan, ordered: names).cuts }
    #expect(cuts(plan(.oneShot, steps: 1, .allAtOnce)) == [Cut(sparsity: .uniform(0.5))])
    #expect(cuts(plan(.oneShot, steps: 1, .bottomUp)).map(\.groups) == names.map { [$0] })
    #expect(cuts(plan(.iterative, steps: 2, .allAtOnce)).map(\.sparsity) == [.uniform(0.25), .uniform(0.5)])
    let halves = cuts(plan(.iterative, steps: 2, .topDown))
    #expect(halves.map(\.groups) == [["a", "b", "c"], ["d", "e"]])
    #expect(halves.allSatisfy { $0.sparsity == .uniform(0.5) })
    // AGP's first of two steps goes seven eighths of the way, which is all five groups; nothing is left for the second.
    #expect(cuts(plan(.agp, steps: 2, .bottomUp)).map(\.groups) == [Set(names)])
    #expect(cuts(plan(.iterative, steps: 9, .bottomUp)).count == 5)
    let shallow = CutSequence(plan(.iterative, steps: 2, .shallowOnly), ordered: ["a", "b"]).cuts
    #expect(shallow == [0.25, 0.5].map { Cut(sparsity: .uniform($0), groups: ["a", "b"]) })
    var parameters = plan(.iterative, steps: 2, .bottomUp)
    parameters.measure = .parameters
    #expect(cuts(parameters).map(\.sparsity) == [.uniform(0.25), .uniform(0.5)])
    var pattern = plan(.oneShot, steps: 1, .allAtOnce)
    pattern.granularity = .nOfM(kept: 2, of: 4)
    #expect(cuts(pattern).count == 1)
    pattern.order = .topDown
    #expect(cuts(pattern).map(\.groups) == names.map { [$0] })
  }
}
