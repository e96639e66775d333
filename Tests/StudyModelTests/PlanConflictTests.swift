import StudyModel
import Testing

/// What a schedule would raise, or an order deal out, must be there.
@Suite struct PlanConflictTests {
  private func plan(
    _ kind: Schedule.Kind, _ order: LayerOrder = .allAtOnce, _ granularity: Granularity = .channel,
    scope: Scope = .global, sparsity: Sparsity = .uniform(0.5), measure: SparsityMeasure = .units,
    removal: Removal? = nil
  ) -> PruningPlan {
    PruningPlan(
      criterion: .l1, ranking: Ranking(removal: removal), granularity: granularity, scope: scope, sparsity: sparsity,
      measure: measure, schedule: Schedule(kind, steps: 2), order: order)
  }

  @Test(arguments: Schedule.Kind.allCases, LayerOrder.allCases)
  func schedulesAndOrders(kind: Schedule.Kind, order: LayerOrder) {
    let isPlain = kind == .oneShot && order == .allAtOnce
    // Layer after layer loses its pattern in turn; all at once there is nothing to raise.
    let raises = kind != .oneShot && !order.takesTurns
    #expect((plan(kind, order, .nOfM(kept: 2, of: 4)).conflict == nil) == !raises)
    #expect((plan(kind, order, scope: .layersThenWeights).conflict == nil) == isPlain)
    #expect((plan(kind, order, .element, measure: .parameters).conflict == nil) == isPlain)
    for granularity in [Granularity.channel, .element, .block(rows: 4, columns: 1), .head, .unit, .layer] {
      for scope in [Scope.global, .local] {
        #expect(plan(kind, order, granularity, scope: scope).conflict == nil)
      }
    }
    #expect(plan(kind, order, measure: .macs).conflict == nil)
    #expect(plan(kind, order, measure: .parameters).conflict == nil)
    #expect(plan(kind, order, sparsity: .threshold(0.5)).conflict == nil)
    #expect((plan(kind, order, sparsity: .threshold(-0.5)).conflict == nil) == !raises)
    for removal in [Removal.high, .outlying] {
      #expect((plan(kind, order, sparsity: .threshold(0.5), removal: removal).conflict == nil) == !raises)
      #expect(plan(kind, order, removal: removal).conflict == nil)
    }
  }

  @Test(arguments: Schedule.Kind.allCases, LayerOrder.allCases)
  func rowsAreOfSingleWeights(kind: Schedule.Kind, order: LayerOrder) {
    #expect(plan(kind, order, .element, scope: .row).conflict == nil)
    for granularity in [
      Granularity.channel, .head, .unit, .layer, .block(rows: 4, columns: 1), .nOfM(kept: 2, of: 4),
    ] {
      let conflict = plan(kind, order, granularity, scope: .row).conflict
      #expect(
        conflict?.reason.contains("'row'") == true && conflict?.reason.contains("'\(granularity.rawValue)'") == true)
    }
    #expect(
      plan(kind, order, .element, scope: .row, sparsity: .threshold(0.5)).conflict?.reason.contains("'row'") == true)
  }

  @Test func conflictsNameBothParts() throws {
    let pattern = try #require(plan(.fixedRate, .allAtOnce, .nOfM(kept: 1, of: 4)).conflict)
    #expect(pattern.reason.contains("'1:4'") && pattern.reason.contains("'fixed-rate'"))
    let layers = try #require(plan(.oneShot, .topDown, scope: .layersThenWeights).conflict)
    #expect(layers.reason.contains("'layers-then-weights'") && layers.reason.contains("'top-down'"))
    #expect(!layers.remedy.isEmpty)
  }
}
