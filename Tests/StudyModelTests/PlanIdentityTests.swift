import Foundation
import StudyModel
import Support
import Testing

/// A plan's identity must be the same in every process and on every machine, for results are kept under it.
@Suite struct PlanIdentityTests {
  private let plan = PruningPlan(
    criterion: .batchNormScale, scope: .perGroup,
    sparsity: .perGroup(["conv1": 0.5, "conv2": 0.125, "conv3": 0.75, "fc1": 0.3333]),
    layers: LayerSet(exclude: ["fc*"]), roundTo: 8,
    recovery: Recovery(samplesPerEpoch: 10_000, augmentation: Augmentation(cropPadding: 4, flips: true)), seed: .max)

  /// Made by Python: `hashlib.sha256(json.dumps(plan, sort_keys=True, separators=(",", ":")).encode())`.
  private let golden = "f9aa025b7bebb290b1079b9a4b2fa5c3d2d261dd3d906d9982a5b43eabaf5e41"

  @Test func identityIsThatOfSortedJSON() throws {
    #expect(try plan.identity().hex == golden)
  }

  /// Plans that were written before there was a replacement have none, and keep their bytes and their identity.
  @Test func aPlanWithoutReplacementIsAsItWasBefore() throws {
    let bytes = try plan.canonicalBytes()
    #expect(!String(decoding: bytes, as: UTF8.self).contains("replacement"))
    #expect(try CanonicalBytes.decode(PruningPlan.self, from: bytes).replacement == nil)
    var other = plan
    other.replacement = .mean
    // The same lines of Python with `plan["replacement"] = "mean"`.
    #expect(try other.identity().hex == "61520fd8840d503e89831fe8e86e1489ef91625f3e7e5b1f2ffa80df77844d96")
    #expect(try CanonicalBytes.decode(PruningPlan.self, from: other.canonicalBytes()) == other)
  }

  @Test func replacementAppliesWhereChannelsLeave() {
    for criterion in Criterion.allCases {
      for granularity in [Granularity.channel, .head, .unit] {
        #expect(Replacement.mean.applies(to: granularity, criterion) == ![.obs, .sparseGPT].contains(criterion))
      }
      for granularity in [Granularity.layer, .element, .nOfM(kept: 2, of: 4), .block(rows: 4, columns: 1)] {
        #expect(!Replacement.mean.applies(to: granularity, criterion))
      }
    }
  }

  @Test func bytesReadBackEqual() throws {
    let bytes = try plan.canonicalBytes()
    let read = try CanonicalBytes.decode(PruningPlan.self, from: bytes)
    #expect(read == plan)
    #expect(try read.canonicalBytes() == bytes)
  }

  @Test func everyPartOfTheRecipeCounts() throws {
    var identities = [try plan.identity()]
    let changes: [(inout PruningPlan) -> Void] = [
      { $0.criterion = .l1 }, { $0.granularity = .element }, { $0.scope = .local }, { $0.sparsity = .uniform(0.5) },
      { $0.layers.include = ["conv*"] }, { $0.roundTo = 1 }, { $0.minimumKept = 2 }, { $0.layerShare = 0.5 },
      { $0.ranking.removal = .high }, { $0.ranking.aggregation = .max }, { $0.ranking.normalization = .lamp },
      { $0.ranking.transform = .log }, { $0.granularity = .nOfM(kept: 2, of: 4) }, { $0.sparsity = .threshold(0.1) },
      { $0.measure = .macs }, { $0.layers.kinds = ["Conv"] }, { $0.layers.depth = 0...0.5 }, { $0.layers.first = 2 },
      { $0.schedule = Schedule(.agp, steps: 4) }, { $0.schedule.rewind = 1 }, { $0.order = .topDown },
      { $0.sparseTraining = SparseTraining(.l1) }, { $0.removesRedundant = true }, { $0.replacement = .mean },
      { $0.recovery.learningRate = 0.01 }, { $0.recovery.momentum = 0.5 }, { $0.recovery.weightDecay = 0 },
      { $0.recovery.batchSize = 64 }, { $0.recovery.recalibrationBatches = 0 },
      { $0.recovery.samplesPerEpoch = nil }, { $0.recovery.augmentation.flips = false }, { $0.seed = 0 },
    ]
    for change in changes {
      var other = plan
      change(&other)
      identities.append(try other.identity())
    }
    #expect(Set(identities).count == changes.count + 1)
  }
}
