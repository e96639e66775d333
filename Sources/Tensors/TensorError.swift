import CTorchShim
import Support

/// What libtorch could not do, with the operator and the shapes that it was given.
package struct TensorError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    /// Shapes, types or values do not go together.
    case refused
    case outOfMemory
    /// This build or host has no such device.
    case noDevice
    /// Values given from outside do not fit: a shape and its bytes, a device's name.
    case invalidArgument
    /// libtorch failed in a way that it does not explain as a fault of the arguments.
    case failed
  }

  package let code: Code
  /// The operator as a person knows it, for instance "convolution".
  package let operation: String
  /// The shapes of its inputs, in order.
  package let shapes: [[Int]]
  package let message: String
  package let remedy: String?
  package var exitCode: ExitCode {
    switch code {
    case .noDevice: .unavailable
    case .outOfMemory: .temporary
    case .refused, .invalidArgument: .badData
    case .failed: .internal
    }
  }

  package init(_ code: Code, operation: String, shapes: [[Int]] = [], detail: String, remedy: String? = nil) {
    self.code = code
    self.operation = operation
    self.shapes = shapes
    let inputs =
      shapes.isEmpty ? "" : " on inputs of shape \(shapes.map { "\($0)" }.joined(separator: ", "))"
    let ending = detail.hasSuffix(".") ? "" : "."
    message = "Cannot do \(operation)\(inputs): \(detail)\(ending)"
    self.remedy = remedy
  }

  /// Takes over the message of a status that is not CT_OK.
  init(consuming status: CTStatus, operation: String, inputs: [Tensor?]) {
    var detail = "libtorch gave no reason"
    if let text = status.message {
      // Only the first paragraph is about the call; the rest tells how to debug libtorch.
      let whole = String(cString: text)
      detail = String(whole.split(separator: "\n", maxSplits: 1).first ?? "").trimmingSpaces()
      ct_free(text)
    }
    let code: Code
    var remedy: String?
    switch status.code {
    case Int32(CT_REFUSED): code = .refused
    case Int32(CT_OUT_OF_MEMORY):
      code = .outOfMemory
      remedy = "Take a smaller batch or fewer workers on this device."
    case Int32(CT_NO_DEVICE):
      code = .noDevice
      remedy = "Take 'cpu', or install a CUDA build of libtorch on a host with a GPU."
    default: code = .failed
    }
    self.init(code, operation: operation, shapes: inputs.compactMap { $0?.shape }, detail: detail, remedy: remedy)
  }
}

extension String {
  fileprivate func trimmingSpaces() -> String {
    var part = self[...]
    while part.last == " " { part.removeLast() }
    return String(part)
  }
}
