import Search
import StudyModel
import Support
import Testing

@Suite struct StudyFrontTests {
  static func space(_ constraints: [String] = []) throws -> ObjectiveSpace {
    ObjectiveSpace(
      spec: StudyFixture.spec(
        objectives: [.accuracy, .parameters], constraints: try constraints.map(ConstraintGrammar.parse)),
      baseline: StudyFixture.dense)
  }

  static func record(_ trial: Int64, _ rung: Int, _ accuracy: Double, _ parameters: Double, at seconds: Double = 0)
    -> EvaluationRecord
  {
    StudyFixture.record(
      trial, rung: rung, measures: StudyFixture.measures(accuracy: accuracy, parameters: parameters), at: seconds)
  }

  @Test func holdsOnlyTheHighestFinishedRung() throws {
    let records = [
      StudyFixture.baseline, Self.record(1, 0, 0.91, 0.1), Self.record(2, 1, 0.85, 0.5), Self.record(3, 1, 0.80, 0.6),
      Self.record(4, 1, 0.80, 0.3), StudyFixture.record(5, rung: 2, status: .leased),
    ]
    let front = StudyFront(records, space: try Self.space())
    #expect(front.rung == 1)
    #expect(front.records.map(\.key.trial.value) == [2, 4])
  }

  @Test func infeasibleTrialsAreNotOnIt() throws {
    let records = [Self.record(1, 0, 0.91, 0.6), Self.record(2, 0, 0.85, 0.5), Self.record(3, 0, 0.60, 0.1)]
    let space = try Self.space(["accuracy >= baseline - 0.1", "parameters <= 0.55 baseline"])
    #expect(StudyFront(records, space: space).records.map(\.key.trial.value) == [2])
  }

  @Test func theBaselineIsNeverOnIt() throws {
    var sealed = Self.record(1, 0, 0.99, 0.01)
    sealed.key.purpose = .sealedTest
    let front = StudyFront([StudyFixture.baseline, sealed], space: try Self.space())
    #expect(front.rung == nil && front.records.isEmpty)
  }

  @Test func equalTrialsStandTogetherInOrder() throws {
    let records = [Self.record(9, 0, 0.9, 0.5), Self.record(3, 0, 0.9, 0.5), Self.record(4, 0, 0.89, 0.5)]
    #expect(StudyFront(records, space: try Self.space()).records.map(\.key.trial.value) == [3, 9])
  }

  /// The curve against the volume of everything finished so far, computed anew at each time.
  @Test func curveIsTheVolumeOfAllFinishedSoFar() throws {
    var generator = SeededGenerator(seed: 3, stream: "curve")
    let records = (1...60).map { trial in
      Self.record(
        Int64(trial), generator.integer(below: 3), 0.7 + 0.25 * generator.uniform(), generator.uniform() * 1.2,
        at: Double(generator.integer(below: 40)))
    }
    let space = try Self.space()
    let curve = HypervolumeCurve([StudyFixture.baseline] + records, space: space)
    for time in -1...41 {
      let finished = records.filter { $0.finishedAt! <= Double(time) }.compactMap {
        space.point(of: $0.result!.measures)
      }
      let expected = Hypervolume.exact(finished, reference: [0.13, 1.1])
      #expect(abs(curve.value(at: Double(time)) - expected) < 1e-9)
    }
    #expect(curve.final > 0)
    #expect(zip(curve.points, curve.points.dropFirst()).allSatisfy { $0.value < $1.value && $0.seconds < $1.seconds })
    let wider = HypervolumeCurve(records, space: space, reference: [0.5, 1.1])
    #expect(wider.final > curve.final)
  }
}
