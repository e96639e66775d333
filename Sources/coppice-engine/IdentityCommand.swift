import ArgumentParser
import Evaluation
import Foundation
import StudyModel
import Support

/// What figures of this engine depend on, for workers, who tell it to their coordinator.
struct IdentityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "identity", abstract: "Prints the engine's identity as JSON.", shouldDisplay: false)

  func run() throws {
    print(String(decoding: try CanonicalBytes.encode(EngineIdentity.current), as: UTF8.self))
  }
}
