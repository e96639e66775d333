import Foundation
import StudyModel
import Support
import Tensors

extension EngineIdentity {
  /// This process's engine, found out when it is first asked for, in a few milliseconds.
  package static let current = EngineIdentity(
    sources: TorchRuntime.engineSources.withUnsafeBytes { Digest(of: Data($0)) },
    libtorch: "\(TorchRuntime.version), build \(Digest(of: Data(build.utf8)).short)",
    instructionSet: TorchRuntime.instructionSet)

  /// libtorch's own account of its build, without what depends on the machine that it runs on.
  static var build: String {
    TorchRuntime.buildConfiguration.split(separator: "\n").filter { !$0.contains("CPU capability usage") }
      .joined(separator: "\n")
  }
}
