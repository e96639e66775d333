import ArgumentParser
import Foundation
import Support

/// Says whether this machine has what a search needs, a line a thing, and fails when something is missing.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check that this machine has what a search needs.")

  @Flag(help: "Print JSON instead of lines.") var json = false

  struct Check: Encodable {
    let name: String
    let passed: Bool
    let found: String
    let remedy: String?
  }

  func run() throws {
    let checks = [engine(), libtorch(), fashionMNIST(), temporaryFolder(), memory(), processors()]
    if json {
      print(try PrettyJSON.text(of: checks))
    } else {
      for check in checks {
        print("\(check.passed ? "ok     " : "MISSING")  \(check.name): \(check.found)")
        if !check.passed, let remedy = check.remedy { print("         \(remedy)") }
      }
    }
    if checks.contains(where: { !$0.passed }) { throw ArgumentParser.ExitCode(Support.ExitCode.unavailable.rawValue) }
  }

  private func engine() -> Check {
    do {
      return Check(name: "engine", passed: true, found: try Executables.engine().path, remedy: nil)
    } catch {
      let described = error as? any DescribedError
      return Check(name: "engine", passed: false, found: described?.message ?? "\(error)", remedy: described?.remedy)
    }
  }

  /// Starts the engine for its version, which loads libtorch.
  private func libtorch() -> Check {
    do {
      return Check(name: "libtorch", passed: true, found: try EngineStart.check(), remedy: nil)
    } catch {
      let described = error as? any DescribedError
      return Check(name: "libtorch", passed: false, found: described?.message ?? "\(error)", remedy: described?.remedy)
    }
  }

  private func fashionMNIST() -> Check {
    let folders = [
      ProcessInfo.processInfo.environment["COPPICE_DATA"].map { $0 + "/fashion-mnist" },
      "/usr/share/datasets/fashion-mnist",
    ].compactMap { $0 }
    let found = folders.first { FileManager.default.fileExists(atPath: $0 + "/train-images-idx3-ubyte.gz") }
    return Check(
      name: "Fashion-MNIST", passed: found != nil, found: found ?? "not in \(folders.joined(separator: " or "))",
      remedy: "Install Debian's package dataset-fashion-mnist, or set COPPICE_DATA.")
  }

  private func temporaryFolder() -> Check {
    let base = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"] ?? NSTemporaryDirectory()
    let isWritable = access(base, W_OK) == 0
    return Check(
      name: "socket folder", passed: isWritable, found: base + (isWritable ? "" : " cannot be written"),
      remedy: "Set TMPDIR (or XDG_RUNTIME_DIR) to a folder that you can write, with a short path.")
  }

  private func memory() -> Check {
    let bytes = Int(ProcessInfo.processInfo.physicalMemory)
    return Check(
      name: "memory", passed: bytes >= 2 << 30, found: Units.bytes(bytes),
      remedy: "Each worker takes about 1 GiB; start fewer.")
  }

  private func processors() -> Check {
    Check(name: "processors", passed: true, found: "\(ProcessInfo.processInfo.activeProcessorCount)", remedy: nil)
  }
}
