import Search
import StudyModel
import Testing

@Suite struct ObjectiveSpaceTests {
  static let half = StudyFixture.measures(accuracy: 0.9, parameters: 0.5, latency: 0.75)

  @Test func pointsAreErrorAndRatios() throws {
    let space = ObjectiveSpace(
      spec: StudyFixture.spec(objectives: [.latency, .accuracy, .parameters, .macs, .size]),
      baseline: StudyFixture.dense)
    let point = try #require(space.point(of: Self.half))
    for (value, expected) in zip(point, [0.75, 0.1, 0.5, 0.5, 0.5]) { #expect(abs(value - expected) < 1e-12) }
    let reference = space.referencePoint
    for (value, expected) in zip(reference, [1.1, 0.13, 1.1, 1.1, 1.1]) { #expect(abs(value - expected) < 1e-12) }
  }

  @Test func missingLatencyHasNoPoint() {
    let space = ObjectiveSpace(spec: StudyFixture.spec(), baseline: StudyFixture.dense)
    var measures = Self.half
    measures.latency = nil
    #expect(space.point(of: measures) == nil)
    #expect(space.point(of: Self.half) != nil)
  }

  @Test(arguments: [
    ("accuracy >= baseline - 0.05", true), ("accuracy >= baseline - 0.01", false), ("accuracy >= 0.91", false),
    ("parameters <= 0.5 baseline", true), ("parameters <= 0.4 baseline", false), ("parameters <= 50000", true),
    ("latency <= 0.8 baseline", true), ("latency <= 0.7 baseline", false), ("latency <= 1.6 ms", true),
    ("latency <= 1.4 ms", false), ("size <= 0.5 baseline", true), ("macs <= 900k", false),
  ])
  func constraintsHoldOrNot(text: String, holds: Bool) throws {
    let space = ObjectiveSpace(
      spec: StudyFixture.spec(constraints: [try ConstraintGrammar.parse(text)]), baseline: StudyFixture.dense)
    #expect(space.isFeasible(Self.half) == holds)
    #expect((space.violation(of: Self.half) > 0) == !holds)
  }

  @Test func onlyTrainingHealsAccuracy() throws {
    let constraints = try ["accuracy >= 0.95", "parameters <= 0.4 baseline"].map(ConstraintGrammar.parse)
    let space = ObjectiveSpace(spec: StudyFixture.spec(constraints: constraints), baseline: StudyFixture.dense)
    #expect(abs(space.violation(of: Self.half) - (0.05 / 0.92 + 0.1)) < 1e-12)
    #expect(abs(space.violation(of: Self.half, accuracyAllowance: .infinity) - 0.1) < 1e-12)
    #expect(abs(space.lastingViolation(of: Self.half) - 0.1) < 1e-12)
  }

  /// Masked tensors keep their sizes, so a study in which any plan leaves zeros counts what is not zero: in its points, its
  /// values, its ratios and its constraints alike.
  @Test(arguments: [
    ([Granularity.element], 0.2), ([.nOfM(kept: 2, of: 4)], 0.2), ([.block(rows: 4, columns: 1)], 0.2),
    ([.channel, .element], 0.2), ([.channel, .nOfM(kept: 1, of: 4)], 0.2),
    ([.layer, .block(rows: 2, columns: 2)], 0.2),
    ([.channel], 1), ([.head, .unit, .layer], 1),
  ])
  func studiesThatLeaveZerosCountNonzeroParameters(granularities: [Granularity], ratio: Double) throws {
    var sparse = StudyFixture.dense
    sparse.nonzeroParameters = 20_000
    let space = ObjectiveSpace(
      spec: StudyFixture.spec(
        objectives: [.parameters], space: SearchSpace(granularities: granularities),
        constraints: [try ConstraintGrammar.parse("parameters <= 0.5 baseline")]), baseline: StudyFixture.dense)
    #expect(space.ratio(.parameters, of: sparse) == ratio)
    #expect(space.value(.parameters, of: sparse) == ratio * 100_000)
    #expect(space.point(of: sparse) == [ratio])
    #expect(space.isFeasible(sparse) == (ratio < 0.5))
  }

  /// A plan that shrinks tensors and one that zeroes as many weights are equal in size.
  @Test func channelsAndZerosAreComparedByOneMeasure() {
    let space = ObjectiveSpace(
      spec: StudyFixture.spec(objectives: [.parameters], space: SearchSpace(granularities: [.channel, .element])),
      baseline: StudyFixture.dense)
    var masked = StudyFixture.dense
    masked.nonzeroParameters = 50_000
    #expect(space.point(of: masked) == space.point(of: StudyFixture.measures(accuracy: 0.9, parameters: 0.5)))
  }
}
