import ModelGraph
import Support
import Tensors

/// Why a network cannot be bound or run; names the node and carries libtorch's reason.
package struct GraphRuntimeError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    /// An input of the network was not given.
    case missingInput
    /// An input has another shape than the network declares.
    case inputShape
    /// An input has another element type than the network declares.
    case inputType
    /// A dropout node trains without a generator.
    case missingGenerator
    /// A node has the wrong number of inputs, or attributes that cannot run.
    case unsupported
    /// libtorch refused a node.
    case nodeFailed
    case outOfMemory
    /// Weights to load do not fit the network's.
    case invalidWeight
  }

  package let code: Code
  package let message: String
  package let remedy: String?
  package var exitCode: ExitCode { code == .outOfMemory ? .temporary : .badData }

  package init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }

  /// Says in which node a tensor operator failed.
  init(_ cause: TensorError, in node: Node) {
    self.init(
      cause.code == .outOfMemory ? .outOfMemory : .nodeFailed,
      "Node '\(node.name)' (\(node.op.onnxName)) failed. \(cause.message)", remedy: cause.remedy)
  }
}
