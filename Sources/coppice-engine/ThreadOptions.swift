import ArgumentParser
import CLinux
import Foundation
import Tensors

/// Threads of libtorch; results are the same bit for bit only with the same number.
struct ThreadOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Threads to compute with; all processors when left out.", valueName: "count"))
  var threads: Int?

  @OptionGroup var device: DeviceOptions

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, not \(threads).") }
  }

  /// As asked for, else as OMP_NUM_THREADS says, else as many as this process may use.
  var effective: Int {
    threads ?? ProcessInfo.processInfo.environment["OMP_NUM_THREADS"].flatMap(Int.init).flatMap { $0 > 0 ? $0 : nil }
      ?? Int(coppice_available_processors())
  }

  /// Throws `DeviceError` where a GPU is asked for.
  func apply() throws {
    try device.check()
    try TorchRuntime.setThreadCount(effective)
  }
}
