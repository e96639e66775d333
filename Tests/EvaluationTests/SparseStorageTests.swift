import Evaluation
import Foundation
import ModelFormats
import ModelGraph
import NetworkLoading
import Selection
import StudyModel
import Support
import TestSupport
import Testing

extension EvaluationTests {
  /// Zeros and targets from a plan to files and reports.
  @Suite struct SparseStorageTests {
    private func plan(
      _ granularity: Granularity, _ share: Double, measure: SparsityMeasure = .units, ranking: Ranking = Ranking()
    ) -> PruningPlan {
      PruningPlan(
        criterion: .l1, ranking: ranking, granularity: granularity, sparsity: .uniform(share), measure: measure)
    }

    @Test(
      "Zeros are stored small, and read back as weights",
      arguments: [Granularity.element, .nOfM(kept: 1, of: 4), .block(rows: 2, columns: 4)])
    func storage(_ granularity: Granularity) throws {
      let dense = try BuiltinNetworks.graph(named: "lenet5", seed: 1)
      let pruning = try NetworkPruning(
        dense, plan: plan(granularity, 0.75), data: nil, epochs: 0, progress: { _, _ in })
      #expect(pruning.after.parameters == pruning.before.parameters)
      #expect(Double(pruning.after.nonzeroParameters) < 0.45 * Double(pruning.before.nonzeroParameters))
      #expect(Double(pruning.after.storedBytes) < 0.5 * Double(pruning.before.storedBytes))
      #expect(pruning.before.storedBytes > 4 * pruning.before.parameters)
      if case .nOfM = granularity {
        #expect(pruning.reached == nil)
      } else {
        #expect(try #require(pruning.reached).isReached)
      }
      #expect(pruning.groups.map(\.name) == dense.prunableWeights().map(\.weight))
      let changes = pruning.distributions
      #expect(
        changes.count == dense.prunableWeights().count && changes.allSatisfy { $0.before.distribution.zeros == 0 })
      #expect(changes.contains { $0.after.distribution.sparsity > 0.5 })

      let folder = try TemporaryFolder()
      let weights = folder.url.appendingPathComponent("sparse.safetensors")
      let bytes = try SparseTensorFile.encode(pruning.network.learnedState, metadata: ["format": "pt"])
      #expect(try SparseTensorFile.storedSize(of: pruning.network) <= bytes.count)
      try bytes.write(to: weights)
      let loaded = try NetworkSource.builtin(name: "lenet5", weights: weights.path).load()
      #expect(loaded.learnedState == pruning.network.learnedState)
    }

    @Test("A share of parameters or MACs is met from below, and the gap is told")
    func targets() throws {
      let dense = try BuiltinNetworks.graph(named: "resnet20", seed: 1)
      for (measure, granularity) in [
        (SparsityMeasure.parameters, Granularity.channel), (.macs, .channel), (.parameters, .element),
      ] {
        let pruning = try NetworkPruning(
          dense, plan: plan(granularity, 0.5, measure: measure), data: nil, epochs: 0, progress: { _, _ in })
        let reached = try #require(pruning.reached)
        func counted(_ figures: NetworkFigures) -> Int {
          measure == .macs ? figures.macs : granularity == .element ? figures.nonzeroParameters : figures.parameters
        }
        #expect(reached.measure == measure && reached.achieved == counted(pruning.after))
        #expect(reached.target == (measure == .macs ? pruning.before.macs : pruning.before.parameters) / 2)
        #expect(reached.isReached && (reached.previous ?? 0) > reached.target)
        let noun = measure == .macs ? "MACs" : "parameters"
        #expect(
          reached.text(of: 2 * reached.target, granularity: granularity)
            == "Kept \(reached.achieved) of \(2 * reached.target) \(noun) (target \(reached.target))")
      }
    }

    @Test("Scores are kept apart by what they were joined and transformed by")
    func keys() {
      func key(_ criterion: Criterion, _ granularity: Granularity, _ ranking: Ranking) -> ScoreKey {
        ScoreKey(
          network: Digest(of: Data("network".utf8)), criterion: criterion, ranking: ranking, granularity: granularity,
          data: nil, seed: 0)
      }
      #expect(key(.l1, .channel, Ranking()) != key(.l1, .channel, Ranking(aggregation: .max)))
      #expect(key(.l1, .element, Ranking()) == key(.l1, .element, Ranking(aggregation: .max)))
      #expect(key(.kurtosis, .channel, Ranking()) != key(.kurtosis, .channel, Ranking(transform: .log)))
      #expect(key(.l1, .channel, Ranking()) == key(.l1, .channel, Ranking(transform: .log)))
      // What makes of scores a ranking comes after them.
      #expect(
        key(.l1, .channel, Ranking()) == key(.l1, .channel, Ranking(removal: .high, normalization: .lamp)))
      #expect(key(.l1, .element, Ranking()) == key(.l1, .nOfM(kept: 2, of: 4), Ranking()))
      #expect(key(.l1, .element, Ranking()) != key(.l1, .channel, Ranking()))
    }
  }
}
