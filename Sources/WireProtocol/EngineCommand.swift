import Foundation
import StudyModel
import Support

/// What a worker tells its engine.
package enum EngineCommand: Hashable, Sendable {
  /// Once, before any evaluation.
  case study(StudyContext)
  /// Evaluate; answered by progress and then one result or failure with the same lease.
  case begin(Assignment)
}

extension EngineCommand: PipeMessage {
  init(pipeBody: Data) throws {
    switch try ProtoEngineCommandMessage.strictly(from: pipeBody).command {
    case .study(let study): self = .study(try Field.canonical(study.context, "context", of: "Study"))
    case .begin(let begin): self = .begin(try Field.canonical(begin.assignment, "assignment", of: "Begin"))
    case nil: throw WireError(.malformedBody, "An engine's command is empty or of an unknown kind.")
    }
  }

  func pipeBody() throws -> Data {
    var proto = ProtoEngineCommandMessage()
    switch self {
    case .study(let context): proto.study.context = try CanonicalBytes.encode(context)
    case .begin(let assignment): proto.begin.assignment = try CanonicalBytes.encode(assignment)
    }
    return try proto.serializedBytes()
  }
}
