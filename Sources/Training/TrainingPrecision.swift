import Foundation
import Tensors

/// In what numbers training computes; weights, gradients and optimiser state are float32 either way, and so is every
/// measurement.
package enum TrainingPrecision: String, Sendable, Hashable, Codable, CaseIterable {
  case float32
  /// Convolutions and matrix products in bfloat16 (libtorch's autocast), the rest in float32.
  case bfloat16

  /// What is fastest on this device: bfloat16 where a processor multiplies it in hardware (the flags `avx512_bf16`,
  /// `amx_bf16`, or `bf16` on Arm), and on CUDA; without that it is slower than float32.
  ///
  /// Results depend on it, so a study decides once and hands the decision to all its workers.
  package static func fastest(on device: Device, cpuInfo: String? = nil) -> TrainingPrecision {
    if case .cuda = device { return .bfloat16 }
    let text = cpuInfo ?? (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, ["flags", "Features"].contains(parts[0].trimmingCharacters(in: .whitespaces)) else {
        continue
      }
      let flags = Set(parts[1].split(separator: " "))
      return flags.isDisjoint(with: ["avx512_bf16", "amx_bf16", "bf16"]) ? .float32 : .bfloat16
    }
    return .float32
  }

  /// Runs a forward pass in this precision; autocast's casts of weights end with it.
  func computing<Result>(on device: Device, _ body: () throws -> Result) throws -> Result {
    switch self {
    case .float32: try body()
    case .bfloat16: try withAutocast(.bfloat16, device: device, body)
    }
  }
}
