import ModelGraph

/// The weights with which a node multiplies its input channels, channel by channel: runs of equal length, one for each
/// of the outputs that read the channel.
struct KernelColumns {
  /// Where a constant part of the result can be put.
  enum Bias: Hashable {
    /// Into the weight at that input, of so many numbers.
    case present(Int, count: Int)
    /// Into a new weight at that input.
    case absent(Int)
    /// Into a sum behind the node.
    case behind
    /// Nowhere: it is computed or shared, or does not count.
    case none
  }

  let weight: String
  let outputCount: Int
  let inputCount: Int
  /// What the bias has to grow by for a growth of the result by one.
  let scale: Double
  let bias: Bias
  /// A constant channel adds the same to all positions: nothing is padded with zeros.
  let isUniform: Bool

  private let run: Int
  private let outputStride: Int
  private let inputStride: Int
  /// Of a grouped convolution, outputs and inputs in one group.
  private let outputsPerGroup: Int
  private let inputsPerGroup: Int

  /// `[O, C / groups, kernel...]`.
  init(of kernel: TensorData, _ weight: String, convolution: Convolution, bias: Bias) {
    self.weight = weight
    outputCount = kernel.shape[0]
    inputsPerGroup = kernel.shape[1]
    inputCount = kernel.shape[1] * max(convolution.groups, 1)
    outputsPerGroup = kernel.shape[0] / max(convolution.groups, 1)
    run = kernel.shape[2...].reduce(1, *)
    inputStride = run
    outputStride = run * kernel.shape[1]
    scale = 1
    self.bias = bias
    let isPointwise = run == 1
    isUniform =
      switch convolution.padding.rule {
      case .valid: true
      case .explicit: (convolution.padding.before + convolution.padding.after).allSatisfy { $0 == 0 }
      case .sameUpper, .sameLower: isPointwise
      }
  }

  /// `[C, O, kernel...]`: positions get unequal shares of the kernel, so only channels of zeros go without a trace.
  init(ofTransposed kernel: TensorData, _ weight: String, bias: Bias) {
    self.weight = weight
    inputCount = kernel.shape[0]
    outputCount = kernel.shape[1]
    (inputsPerGroup, outputsPerGroup) = (inputCount, outputCount)
    run = kernel.shape[2...].reduce(1, *)
    outputStride = run
    inputStride = run * kernel.shape[1]
    scale = 1
    self.bias = bias
    isUniform = false
  }

  /// A matrix whose inputs lie on `inputAxis`.
  init(of kernel: TensorData, _ weight: String, inputAxis: Int, bias: Bias, scale: Double) {
    self.weight = weight
    inputCount = kernel.shape[inputAxis]
    outputCount = kernel.shape[1 - inputAxis]
    (inputsPerGroup, outputsPerGroup) = (inputCount, outputCount)
    run = 1
    inputStride = inputAxis == 0 ? kernel.shape[1] : 1
    outputStride = inputAxis == 0 ? 1 : kernel.shape[1]
    self.scale = scale
    self.bias = bias
    isUniform = true
  }

  /// The outputs that read input channel `entry`, each with the places of its weights in the kernel's row-major
  /// elements.
  func column(_ entry: Int) -> [(output: Int, elements: Range<Int>)] {
    let group = entry / inputsPerGroup
    let start = entry % inputsPerGroup * inputStride
    return (group * outputsPerGroup..<(group + 1) * outputsPerGroup).map { output in
      let first = start + output * outputStride
      return (output, first..<first + run)
    }
  }

  /// A constant other than zero can be had from the bias instead.
  var takesConstants: Bool {
    guard isUniform else { return false }
    return switch bias {
    case .present(_, let count): count == outputCount
    case .absent, .behind: true
    case .none: false
    }
  }
}
