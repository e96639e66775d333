import CTorchShim

/// Where a tensor's memory is and where its operators run.
package enum Device: Sendable, Hashable, CustomStringConvertible {
  case cpu
  /// The CUDA device of that index.
  case cuda(Int)

  /// Reads "cpu", "cuda" (the first device) or "cuda:1"; throws `TensorError(.invalidArgument)` for anything else.
  package init(parsing text: String) throws {
    if text == "cpu" {
      self = .cpu
    } else if text == "cuda" {
      self = .cuda(0)
    } else if text.hasPrefix("cuda:"), let index = Int(text.dropFirst(5)), (0..<128).contains(index) {
      self = .cuda(index)
    } else {
      throw TensorError(
        .invalidArgument, operation: "device", detail: "'\(text)' is not a device.",
        remedy: "Write 'cpu', 'cuda' or 'cuda:N'.")
    }
  }

  package var description: String {
    switch self {
    case .cpu: "cpu"
    case .cuda(let index): "cuda:\(index)"
    }
  }

  init(code: CTDevice) { self = code < 0 ? .cpu : .cuda(Int(code)) }

  var code: CTDevice {
    switch self {
    case .cpu: -1
    case .cuda(let index): CTDevice(index)
    }
  }
}
