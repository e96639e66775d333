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

  @Test func elementStudiesCountNonzeroWeights() {
    var sparse = StudyFixture.dense
    sparse.nonzeroParameters = 20_000
    for (granularities, ratio) in [([Granularity.element], 0.2), ([.channel], 1), ([.channel, .element], 1)] {
      let space = ObjectiveSpace(
        spec: StudyFixture.spec(space: SearchSpace(granularities: granularities)), baseline: StudyFixture.dense)
      #expect(space.ratio(.parameters, of: sparse) == ratio)
    }
  }
}
