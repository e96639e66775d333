import ArtifactStore
import Foundation
import StudyModel
import Support

/// What a study will take of its disk, before it begins. Upper bounds: pruned checkpoints are smaller than the dense network
/// where whole channels leave, and as large where weights become zeros.
package struct DiskForecast: Hashable, Sendable {
  /// Bytes of the database's rows for one evaluation: its leases, its result and its lines of the history.
  static let databaseBytesOfEvaluation = 8 << 10
  /// Of a study whose end is a time, so much is told.
  static let evaluationsOfTimedStudy = 100

  private let spec: StudySpec
  private let denseBytes: Int
  /// The trials of a study with an end of its own, the smaller of its budget and its plans.
  private let trials: Int?

  /// `planCount` is how many plans there are at all, where they can be counted.
  package init(spec: StudySpec, denseBytes: Int, planCount: Int? = nil) {
    self.spec = spec
    self.denseBytes = denseBytes
    trials = [spec.budget.trials, planCount].compactMap { $0 }.min()
  }

  /// Evaluations of so many trials, when a third of each rung, or all of it, goes on to the next.
  package func evaluations(trials: Int) -> Int {
    var (sum, rung) = (0, trials)
    for _ in spec.fineTune.rungs {
      sum += rung
      if spec.promotion == .third { rung = (rung + 2) / 3 }
    }
    return sum
  }

  /// Bytes when nothing ever leaves: a checkpoint for each evaluation, the dense network as it is and as the baseline, and scores.
  package func unlimitedBytes(evaluations: Int) -> Int {
    evaluations * (denseBytes + Self.databaseBytesOfEvaluation) + 2 * denseBytes + scoreBytes
  }

  /// The least quota with which a search can go on at all: the dense network, the baseline, and for each worker what its
  /// evaluation starts from and what it writes. The front needs its networks beside that.
  package var leastQuota: Int { 2 * denseBytes + 2 * spec.workers * denseBytes }

  /// Scores of single weights are as large as the network, for each criterion; those of channels are small.
  private var scoreBytes: Int {
    spec.granularities.contains { !$0.isStructured } ? spec.criteria.count * denseBytes : 0
  }

  private var limits: DiskLimits { DiskLimits(quota: spec.diskLimit, denseBytes: denseBytes, slots: spec.workers) }

  /// Lines for the output of `--dry-run`, each a comment of YAML; the last ones warn.
  package func text(folder: URL, space: FreeSpace?) -> String {
    let (count, budget) =
      trials.map { (evaluations(trials: $0), "\($0) trials, some \(evaluations(trials: $0)) evaluations") }
      ?? (Self.evaluationsOfTimedStudy, "each \(Self.evaluationsOfTimedStudy) evaluations")
    let unlimited = unlimitedBytes(evaluations: count)
    var lines = [
      "Disk: the dense network has \(Units.bytes(denseBytes)); each finished evaluation leaves a checkpoint of at most that.",
      "  without a limit: up to \(Units.bytes(unlimited)) for \(budget)",
    ]
    if let quota = spec.diskLimit {
      lines.append(
        "  with limits: disk: \(Units.bytes(quota)), of which \(Units.bytes(leastQuota)) and the front's networks must fit; "
          + "what no trial needs leaves first")
    }
    if let space {
      let reserve = limits.reserve(ofDiskWith: space.capacity)
      lines.append(
        "  free: \(Units.bytes(space.free)) of \(Units.bytes(space.capacity)) for '\(folder.path)'; below "
          + "\(Units.bytes(reserve)) what no trial needs leaves, and then the search pauses")
    }
    lines += warnings(unlimited: unlimited, budget: budget, space: space).map { "Warning: \($0)" }
    return lines.map { "# \($0)" }.joined(separator: "\n")
  }

  private func warnings(unlimited: Int, budget: String, space: FreeSpace?) -> [String] {
    var warnings: [String] = []
    if let quota = spec.diskLimit, quota < leastQuota {
      warnings.append(
        "limits: disk is \(Units.bytes(quota)), and \(spec.workers) workers need \(Units.bytes(leastQuota)) at least. "
          + "Raise it, or take fewer workers.")
    }
    if let space {
      let usable = max(0, space.free - limits.reserve(ofDiskWith: space.capacity))
      let wanted = min(spec.diskLimit ?? .max, unlimited)
      if wanted > usable {
        warnings.append(
          "the search may write \(Units.bytes(wanted)) for \(budget), and the disk has room for \(Units.bytes(usable)). "
            + "Set a smaller limits: disk, or choose a folder on a larger disk with --output.")
      }
    }
    return warnings
  }
}
