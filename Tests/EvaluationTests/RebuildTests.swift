import ArtifactStore
import Evaluation
import Foundation
import ModelGraph
import StudyModel
import Support
import Testing

extension EvaluationTests {
  /// A chain of evaluations whose links left the disk goes on as if they were there.
  @Suite struct RebuildTests {
    private static func schedules(_ study: StudyFixture) -> [(name: String, plan: PruningPlan)] {
      var scheduled = study.plan(.l2)
      scheduled.schedule = Schedule(.agp, steps: 3, epochsPerStep: 0.25)
      return [
        ("channels", study.plan(.taylor)), ("elements", study.plan(.l1, .element)), ("gradually", scheduled),
      ]
    }

    @Test("A rung whose parent is gone gives the same bytes as with it", arguments: [0, 1, 2])
    func rungs(number: Int) throws {
      var study = try StudyFixture()
      study = study.with { $0.fineTune.rungs = [0, 1, 1.5] }
      let (name, plan) = Self.schedules(study)[number]
      var runner = try study.runner()
      let zero = try runner.run(study.rung(0, of: plan))
      let one = try runner.run(study.rung(1, of: plan, from: 0, to: 1, parent: zero.checkpoint))
      let two = try runner.run(study.rung(2, of: plan, from: 1, to: 1.5, parent: one.checkpoint))

      let store = try study.store
      for result in [zero, one, two] { try store.delete(#require(result.checkpoint)) }
      var other = try study.runner()
      var first = study.rung(1, of: plan, from: 0, to: 1)
      first.rebuildRungs = [0]
      #expect(try other.run(first).reproducible == one.reproducible, "\(name)")
      var second = study.rung(2, of: plan, from: 1, to: 1.5)
      second.rebuildRungs = [0, 1]
      var shares: [Double] = []
      let again = try other.run(second) { step, share in if step == .rebuild { shares.append(share) } }
      #expect(again.reproducible == two.reproducible, "\(name)")
      #expect(again.timings["rebuild"] != nil && two.timings["rebuild"] == nil)
      #expect(shares.count > 2 && shares == shares.sorted() && shares.allSatisfy { (0...1).contains($0) })
      // The links that were made again are not stored: they would leave at once.
      #expect(try !store.contains(#require(zero.checkpoint)))
    }

    @Test("A sealed test whose network is gone makes it again and delivers it")
    func sealedTest() throws {
      let study = try StudyFixture().with { $0.fineTune.rungs = [0, 0.5] }
      let plan = study.plan(.taylor)
      var runner = try study.runner()
      let zero = try runner.run(study.rung(0, of: plan))
      let one = try runner.run(study.rung(1, of: plan, from: 0, to: 0.5, parent: zero.checkpoint))
      var sealed = study.rung(1, of: plan, from: 0.5, to: 0.5, parent: one.checkpoint)
      sealed.key.purpose = .sealedTest
      let measured = try runner.run(sealed)
      #expect(measured.checkpoint == nil)
      let checkpoint = try #require(one.checkpoint)
      let store = try study.store
      for digest in [try #require(zero.checkpoint), checkpoint] { try store.delete(digest) }
      sealed.parentCheckpoint = nil
      sealed.rebuildRungs = [0, 0.5]
      let again = try runner.run(sealed)
      #expect(again.measures == measured.measures)
      #expect(again.checkpoint == checkpoint && store.contains(checkpoint))
    }

    @Test("A parent that is missing or damaged is told from every other failure", arguments: [true, false])
    func gone(isDamaged: Bool) throws {
      let study = try StudyFixture()
      let plan = study.plan()
      var runner = try study.runner()
      let zero = try runner.run(study.rung(0, of: plan))
      let store = try study.store
      let checkpoint = try #require(zero.checkpoint)
      let bytes = try store.read(checkpoint)
      try store.delete(checkpoint)
      if isDamaged { try (bytes.dropLast() + [1]).write(to: store.url(of: checkpoint)) }
      let error = #expect(throws: EvaluationError.self) {
        try runner.run(study.rung(1, of: plan, from: 0, to: 0.5, parent: checkpoint))
      }
      #expect(error?.code == .checkpointGone)
      #expect(error.map { FailureClass(of: $0) } == .checkpointGone)
    }

    @Test("Rungs that do not lead to the parent are refused", arguments: [[], [0.5], [0, 1], [0, 0.25]])
    func wrongRungs(rungs: [Double]) throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      var assignment = study.rung(2, of: study.plan(), from: 0.5, to: 1)
      assignment.rebuildRungs = rungs
      let error = #expect(throws: EvaluationError.self) { try runner.run(assignment) }
      #expect(error?.code == .badPlan)
    }
  }
}

extension StudyFixture {
  /// The same study by a changed spec, on the same folder.
  fileprivate func with(_ change: (inout StudySpec) -> Void) -> StudyFixture {
    var copy = self
    change(&copy.context.spec)
    return copy
  }
}
