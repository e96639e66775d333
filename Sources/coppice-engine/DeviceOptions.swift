import ArgumentParser
import Support
import Tensors

/// Where a command computes. Only processors were ever tried, so nothing else is accepted; but who asks for a GPU is told what is there.
struct DeviceOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Where to compute; cpu is the only device that this version uses.", valueName: "device"))
  var device: String?

  func validate() throws {
    guard let device else { return }
    guard (try? Device(parsing: word)) != nil else {
      throw ValidationError("--device must be cpu, not '\(device)'.")
    }
  }

  /// Throws `DeviceError` for a GPU.
  func check() throws {
    guard device != nil, try Device(parsing: word) != .cpu else { return }
    throw DeviceError(asked: word, count: TorchRuntime.cudaDeviceCount)
  }

  /// In libtorch's words.
  private var word: String {
    let text = (device ?? "cpu").lowercased()
    return text.hasPrefix("gpu") ? "cuda" + text.dropFirst(3) : text
  }
}

/// A GPU was asked for.
struct DeviceError: DescribedError, Equatable {
  let message: String
  let remedy: String?
  var exitCode: Support.ExitCode { .unavailable }

  /// `count` is the number of GPUs that libtorch sees.
  init(asked device: String, count: Int) {
    let processors = "Leave --device out: this version of Coppice computes on processors only."
    if count == 0 {
      message = "There is no GPU for '\(device)': libtorch \(TorchRuntime.version) sees no CUDA device on this machine."
      remedy = processors
    } else {
      message = "'\(device)' cannot be used, although libtorch sees \(count) GPUs on this machine."
      remedy = processors
    }
  }
}
