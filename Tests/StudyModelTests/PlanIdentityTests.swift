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
  private let golden = "1451248b8e39210ed39769469d14ce2ace57351a96687366bab068ee2710b837"

  @Test func identityIsThatOfSortedJSON() throws {
    #expect(try plan.identity().hex == golden)
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
      { $0.layers.include = ["conv*"] }, { $0.roundTo = 1 }, { $0.minimumKept = 2 },
      { $0.recovery.learningRate = 0.01 },
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
