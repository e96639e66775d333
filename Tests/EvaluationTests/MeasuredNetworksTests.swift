import ArtifactStore
import Evaluation
import Foundation
import ModelFormats
import ModelGraph
import StudyModel
import Support
import TestSupport
import Testing

extension EvaluationTests {
  /// Plans that come to one network are measured once.
  @Suite struct MeasuredNetworksTests {
    /// 0.5 and 0.49 keep the same units of every layer, 0.75 others.
    @Test(
      "The second plan of a network takes over the first one's figures; only scoring, cutting and writing are its own")
    func twin() throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      let first = try runner.run(study.rung(0, of: study.plan(sparsity: 0.5), trial: 1))
      #expect(first.network != nil && first.copyOf == nil)
      var steps: [EvaluationStep] = []
      let plan = study.plan(sparsity: 0.49)
      let second = try runner.run(study.rung(0, of: plan, trial: 2)) { step, _ in
        if steps.last != step { steps.append(step) }
      }
      #expect(second.network == first.network && second.copyOf == TrialID(1))
      #expect(steps == [.score, .prune, .export])
      #expect(Set(second.timings.keys) == ["score", "prune", "export"])
      #expect(second.measures.latency == first.measures.latency)
      #expect(second.measures.accuracy == first.measures.accuracy && second.measures.loss == first.measures.loss)

      // Bit for bit what it would have measured itself, in a study of its own.
      let other = try StudyFixture()
      var alone = try other.runner()
      var own = try alone.run(other.rung(0, of: plan, trial: 2)).reproducible
      #expect(own.copyOf == nil)
      own.copyOf = TrialID(1)
      #expect(own == second.reproducible)
      // Its file is its own, so that a later rung could go on from it.
      #expect(try CheckpointMetadata(of: study.checkpoint(#require(second.checkpoint)))?.plan == plan)
      let next = try runner.run(study.rung(1, of: plan, from: 0, to: 0.25, parent: second.checkpoint, trial: 2))
      #expect(next.copyOf == nil && next.network == nil)

      let different = try runner.run(study.rung(0, of: study.plan(sparsity: 0.75), trial: 3))
      #expect(different.copyOf == nil && different.network != first.network)
    }

    @Test("Another worker of the study finds it too, and a repeated attempt measures for itself")
    func otherWorkers() throws {
      let study = try StudyFixture()
      var first = try study.runner()
      let measured = try first.run(study.rung(0, of: study.plan(sparsity: 0.5), trial: 1))
      var second = try study.runner()
      let again = try second.run(study.rung(0, of: study.plan(sparsity: 0.5), trial: 1))
      #expect(again.copyOf == nil && again.timings["evaluate"] != nil)
      #expect(again.reproducible == measured.reproducible)
      #expect(try second.run(study.rung(0, of: study.plan(sparsity: 0.49), trial: 5)).copyOf == TrialID(1))
    }

    /// What follows the cut differs, or is not known from it.
    @Test("Plans with another seed, recovery, schedule or sparse training are not one")
    func different() throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      let base = try runner.run(study.rung(0, of: study.plan(), trial: 1))
      var plans = [study.plan(seed: 8), study.plan(), study.plan()]
      plans[1].recovery.learningRate = 0.01
      plans[2].recovery.recalibrationBatches = 5
      for (number, plan) in plans.enumerated() {
        let result = try runner.run(study.rung(0, of: plan, trial: Int64(number + 2)))
        #expect(result.keptUnits == base.keptUnits)
        #expect(result.network != nil && result.network != base.network && result.copyOf == nil, "\(number)")
      }
      var (scheduled, sparse) = (study.plan(), study.plan())
      scheduled.schedule = Schedule(.iterative, steps: 2, epochsPerStep: 0.25)
      sparse.sparseTraining = SparseTraining(.groupLasso)
      for (number, plan) in [scheduled, sparse].enumerated() {
        let result = try runner.run(study.rung(0, of: plan, trial: Int64(number + 10)))
        #expect(result.keptUnits == base.keptUnits && result.measures.loss == base.measures.loss)
        #expect(result.network == nil && result.copyOf == nil)
      }
      // A plan that removes nothing keeps the dense network's statistics; one that finds nothing to remove measures them anew.
      var nothing = study.plan()
      nothing.scope = .global
      nothing.sparsity = .threshold(0)
      let found = try runner.run(study.rung(0, of: nothing, trial: 20))
      let dense = try runner.run(study.rung(0, of: study.plan(sparsity: 0), trial: 21))
      #expect(found.keptUnits == dense.keptUnits && found.network != dense.network && dense.copyOf == nil)
    }

    /// One half of a layer's units hardly does anything, so that every criterion takes just these.
    @Test(
      "Criteria that keep the same units but change the weights that stay are told apart",
      arguments: [Criterion.obs, .sparseGPT])
    func compensated(_ criterion: Criterion) throws {
      var graph = try StudyFixture().checkpointOfDense()
      for name in ["fc1.weight", "fc1.bias", "fc2.weight"] {
        let tensor = try #require(graph.weights[name])
        let columns = tensor.shape.last ?? 1
        let floats = tensor.floats.enumerated().map { place, value in
          let unit = name == "fc2.weight" ? place % columns : name == "fc1.weight" ? place / columns : place
          return unit < 12 ? value * 1e-2 : value
        }
        graph.weights[name] = TensorData(shape: tensor.shape, floats: floats)
      }
      let study = try StudyFixture(network: graph)
      var runner = try study.runner()
      func plan(_ criterion: Criterion) -> PruningPlan {
        var plan = study.plan(criterion)
        plan.layers.include = ["fc1"]
        return plan
      }
      let plain = try runner.run(study.rung(0, of: plan(.l1), trial: 1))
      let same = try runner.run(study.rung(0, of: plan(.l2), trial: 2))
      #expect(same.network == plain.network && same.copyOf == TrialID(1))
      let changed = try runner.run(study.rung(0, of: plan(criterion), trial: 3))
      func kept(_ result: EvaluationResult) throws -> Digest? {
        try CheckpointMetadata(of: study.checkpoint(#require(result.checkpoint)))?.kept
      }
      #expect(try kept(changed) == kept(plain))
      #expect(changed.network != plain.network && changed.copyOf == nil)
    }

    @Test("Zeros in the same places are one network only where training keeps the same layers' zeros")
    func zeros() throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      func plan(_ include: [String]) -> PruningPlan {
        var plan = study.plan(.l1, .element, sparsity: 0.5)
        plan.layers.include = include
        return plan
      }
      let first = try runner.run(study.rung(0, of: plan(["fc1"]), trial: 1))
      let named = try runner.run(study.rung(0, of: plan(["fc1", "fc1"]), trial: 2))
      #expect(named.network != first.network)
      var other = plan(["fc1"])
      other.criterion = .linf
      #expect(try runner.run(study.rung(0, of: other, trial: 3)).copyOf == TrialID(1))
    }

    @Test("A file that is gone or damaged counts as absent", arguments: [true, false])
    func damage(_ isGone: Bool) throws {
      let study = try StudyFixture()
      var runner = try study.runner()
      let first = try runner.run(study.rung(0, of: study.plan(sparsity: 0.5), trial: 1))
      if isGone {
        try study.store.delete(#require(first.checkpoint))
      } else {
        let names = URL(fileURLWithPath: study.context.artifactFolder).appendingPathComponent("measured")
        for name in try FileManager.default.contentsOfDirectory(atPath: names.path) where name.hasSuffix(".json") {
          try Data("nonsense".utf8).write(to: names.appendingPathComponent(name))
        }
      }
      let second = try runner.run(study.rung(0, of: study.plan(sparsity: 0.49), trial: 2))
      #expect(second.copyOf == nil && second.measures.loss == first.measures.loss)
      // From now on there is one again.
      var plan = study.plan(sparsity: 0.49)
      plan.minimumKept = 2
      #expect(try runner.run(study.rung(0, of: plan, trial: 3)).copyOf == TrialID(2))
    }

    @Test("Whoever comes to a network that is being measured waits for it, and says so")
    func waiting() throws {
      struct Enough: Error {}
      let folder = try TemporaryFolder()
      let artifacts = try ArtifactStore(folder: folder.url)
      let networks = try MeasuredNetworks(artifacts: artifacts, folder: folder.url)
      let digest = Digest(of: Data("x".utf8))
      var key = MeasurementKey(network: digest, data: digest, latency: nil, engine: digest, threads: 1)
      func claim(_ trial: Int64, waiting: @escaping () throws -> Void = { throw Enough() }) throws -> MeasuredNetworks
        .Claim?
      {
        guard
          case .claim(let claim) = try networks.find(
            key, for: TrialID(trial), progress: WorkProgress { _ in try waiting() })
        else { return nil }
        return claim
      }
      var held = try claim(1)
      #expect(held != nil)
      var calls = 0
      #expect(throws: Enough.self) {
        try claim(2) {
          calls += 1
          if calls == 3 { throw Enough() }
        }
      }
      #expect(calls == 3)
      // Another engine or number of threads is another measurement.
      key.threads = 2
      #expect(try claim(3) != nil)
      key.threads = 1
      // Whoever gives up, by failing say, lets the next one measure.
      held = nil
      #expect(try claim(2) != nil)
      // What is stored ends the waiting with a twin.
      let checkpoint = try artifacts.put(ONNXFile.encode(StudyFixture.network()))
      let measures = Measures(
        accuracy: Proportion(successes: 1, total: 2), loss: 1, parameters: 1, nonzeroParameters: 1, macs: 1,
        sizeBytes: 1,
        latency: nil)
      held = try claim(4)
      var twin: MeasuredNetworks.Twin?
      let waiting = WorkProgress { _ in
        try held?.store(EvaluationResult(measures: measures, checkpoint: checkpoint), of: TrialID(4))
        held = nil
      }
      let finding = try networks.find(key, for: TrialID(5), progress: waiting)
      if case .twin(let found) = finding { twin = found }
      #expect(twin?.trial == TrialID(4) && twin?.measures == measures)
    }
  }
}

extension StudyFixture {
  fileprivate func checkpointOfDense() throws -> Graph { try checkpoint(context.network) }
}
