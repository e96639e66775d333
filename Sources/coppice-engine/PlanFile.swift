import Evaluation
import Foundation
import ModelFormats
import StudyModel
import Support

/// A recipe that was written down: canonical JSON, an entry of `coppice front --json` or `inspect --json`, or a network that it made.
struct PlanFile {
  let plan: PruningPlan
  /// What a network says of its making beside its plan, so that it can be made again; nil for other files.
  let replay: NetworkReplay?

  /// Throws `InputFileError` when the file cannot be read, `EvaluationError` when it holds no plan that this version reads.
  init(_ path: String) throws {
    let url = URL(fileURLWithPath: path)
    if let error = InputFileError(path, kind: "plan or network") { throw error }
    let bytes = try Data(contentsOf: url)
    if bytes.first(where: { !Self.spaces.contains($0) }) == UInt8(ascii: "{") {
      plan = try Self.decode(bytes, path)
      replay = nil
      return
    }
    let network = try ONNXFile.read(url)
    guard let plan = PruningPlan(metadata: network.metadata) else {
      throw EvaluationError(
        .badPlan, "The network '\(path)' does not say by which plan it was made.",
        remedy: "Name a network that `coppice prune` or a search of this version wrote, or a plan as JSON.")
    }
    self.plan = plan
    replay = try NetworkReplay(network, name: path)
  }

  /// The plan itself, or an object that holds one under "plan".
  private static func decode(_ bytes: Data, _ path: String) throws -> PruningPlan {
    struct Holder: Decodable { let plan: PruningPlan }
    if let holder = try? CanonicalBytes.decode(Holder.self, from: bytes) { return holder.plan }
    do {
      return try CanonicalBytes.decode(PruningPlan.self, from: bytes)
    } catch {
      throw EvaluationError(
        .badPlan, "'\(path)' holds no plan: \(Self.reason(error)).",
        remedy: "Start from what --write-plan or `coppice front --json` writes; no key may be left out.")
    }
  }

  private static func reason(_ error: any Error) -> String {
    switch error as? DecodingError {
    case .keyNotFound(let key, _)?: "the key '\(key.stringValue)' is missing"
    case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?, .dataCorrupted(let context)?:
      context.codingPath.isEmpty
        ? "it is not JSON"
        : "the value of '\(context.codingPath.map(\.stringValue).joined(separator: "."))' cannot be used"
    case nil: "it is not JSON"
    @unknown default: "it is not JSON"
    }
  }

  private static let spaces = Set<UInt8>([0x20, 0x09, 0x0a, 0x0d])
}
