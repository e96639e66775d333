import Foundation
import StudyModel
import Support

/// Engines in a study's history: each is written down in full when a worker first brings it to a run of the coordinator.
extension StudyChange {
  fileprivate static let engineKind = "engine"

  package static func engineNote(_ engine: EngineIdentity, worker: String) -> StudyChange {
    let bytes = (try? CanonicalBytes.encode(engine)) ?? Data()
    return .note(kind: engineKind, worker: worker, detail: String(decoding: bytes, as: UTF8.self))
  }
}

extension HistoryEvent {
  /// The engine that this event notes; nil for every other kind.
  package var engine: EngineIdentity? {
    guard kind == StudyChange.engineKind else { return nil }
    return try? CanonicalBytes.decode(EngineIdentity.self, from: Data(detail.utf8))
  }
}

extension StudyReader {
  /// The engines of all of the study's runs, each once, in the order in which they came.
  package func engines() throws -> [EngineIdentity] { try contents().engines }
}

extension StudyContents {
  /// As far as rows that can be used tell.
  package var engines: [EngineIdentity] {
    var seen: Set<EngineIdentity> = []
    return history.compactMap(\.engine).filter { seen.insert($0).inserted }
  }
}
