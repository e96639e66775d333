/// Layers with weights of their own.
extension GraphBuilder {
  /// `[N, inputs, spatial...]` to `[N, outputs, spatial'...]` with the same kernel on each of `axes` spatial axes.
  package mutating func convolution(
    _ name: String, _ x: String, inputs: Int, outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    groups: Int = 1, bias: Bool = false, axes: Int = 2
  ) -> String {
    let kernels = Array(repeating: kernel, count: axes)
    let fanIn = kernels.reduce(inputs / groups, *)
    var arguments = [x, uniformWeight("\(name).weight", [outputs, inputs / groups] + kernels, fanIn: fanIn)]
    if bias { arguments.append(uniformWeight("\(name).bias", [outputs], fanIn: fanIn)) }
    let attributes = Convolution(
      kernel: kernels, strides: Array(repeating: stride, count: axes), padding: Padding(all: padding, axes: axes),
      groups: groups)
    return node(name, .convolution(attributes), inputs: arguments)
  }

  /// `[N, inputs, spatial...]` to `[N, outputs, spatial'...]` with stride times as many positions; weight
  /// `[inputs, outputs / groups, kernel...]`.
  package mutating func transposedConvolution(
    _ name: String, _ x: String, inputs: Int, outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    outputPadding: Int = 0, groups: Int = 1, bias: Bool = false, axes: Int = 2
  ) -> String {
    let kernels = Array(repeating: kernel, count: axes)
    let fanIn = kernels.reduce(outputs / groups, *)
    var arguments = [x, uniformWeight("\(name).weight", [inputs, outputs / groups] + kernels, fanIn: fanIn)]
    if bias { arguments.append(uniformWeight("\(name).bias", [outputs], fanIn: fanIn)) }
    let window = Convolution(
      kernel: kernels, strides: Array(repeating: stride, count: axes), padding: Padding(all: padding, axes: axes),
      groups: groups)
    let attributes = TransposedConvolution(
      window: window, outputPadding: outputPadding == 0 ? [] : Array(repeating: outputPadding, count: axes))
    return node(name, .transposedConvolution(attributes), inputs: arguments)
  }

  /// `[N, inputs]` to `[N, outputs]`, weight `[outputs, inputs]`.
  package mutating func linear(_ name: String, _ x: String, inputs: Int, outputs: Int, bias: Bool = true) -> String {
    var arguments = [x, uniformWeight("\(name).weight", [outputs, inputs], fanIn: inputs)]
    if bias { arguments.append(uniformWeight("\(name).bias", [outputs], fanIn: inputs)) }
    return node(name, .gemm(Gemm()), inputs: arguments)
  }

  /// `[..., inputs]` to `[..., outputs]` for any number of axes: the weight `[outputs, inputs]`, turned, in a product.
  package mutating func projection(
    _ name: String, _ x: String, inputs: Int, outputs: Int, bias: Bool = true
  ) -> String {
    let weight = uniformWeight("\(name).weight", [outputs, inputs], fanIn: inputs)
    let turned = transpose("\(name).turned", weight, [1, 0])
    let product = node(name, .matrixProduct, x, turned)
    guard bias else { return product }
    return add("\(name).shifted", product, uniformWeight("\(name).bias", [outputs], fanIn: inputs))
  }

  /// Rows of the weight `[count, size]` by index; the values start with unit variance, as PyTorch's do.
  package mutating func embedding(_ name: String, _ indices: String, count: Int, size: Int) -> String {
    node(name, .gather(axis: 0), uniformWeight("\(name).weight", [count, size], within: 3.0.squareRoot()), indices)
  }

  package mutating func batchNormalization(
    _ name: String, _ x: String, channels: Int, epsilon: Double = 1e-5
  ) -> String {
    let parts: [(String, Float)] = [("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)]
    let arguments = parts.map { part, value in weight("\(name).\(part)", .filled([channels], with: value)) }
    return node(name, .batchNormalization(BatchNormalization(epsilon: epsilon)), inputs: [x] + arguments)
  }

  /// Over the last axis, of `size`.
  package mutating func layerNormalization(
    _ name: String, _ x: String, size: Int, epsilon: Double = 1e-5
  ) -> String {
    let scale = weight("\(name).weight", .filled([size], with: 1))
    let bias = weight("\(name).bias", .filled([size], with: 0))
    return node(name, .layerNormalization(AxisNormalization(epsilon: epsilon)), x, scale, bias)
  }

  /// Over the last axis, of `size`.
  package mutating func rmsNormalization(_ name: String, _ x: String, size: Int, epsilon: Double = 1e-5) -> String {
    let scale = weight("\(name).weight", .filled([size], with: 1))
    return node(name, .rmsNormalization(AxisNormalization(epsilon: epsilon)), x, scale)
  }

  /// Of `[N, channels, ...]`, each of `groups` runs of channels by itself.
  package mutating func groupNormalization(
    _ name: String, _ x: String, channels: Int, groups: Int, epsilon: Double = 1e-5
  ) -> String {
    let scale = weight("\(name).weight", .filled([channels], with: 1))
    let bias = weight("\(name).bias", .filled([channels], with: 0))
    return node(name, .groupNormalization(GroupNormalization(groups: groups, epsilon: epsilon)), x, scale, bias)
  }

  /// A recurrent layer over `[T, N, inputs]`; W, R and B are laid out as ONNX has them, directions stacked.
  ///
  /// Returns Y `[T, D, N, hidden]`, the last h `[D, N, hidden]` and, for an LSTM, the last c, each "" unless wanted.
  package mutating func recurrent(
    _ name: String, _ x: String, _ cell: RecurrentCell, inputs: Int, hidden: Int,
    direction: Recurrent.Direction = .forward, initialH: String = "", initialC: String = "",
    wantsSequence: Bool = true, wantsLast: Bool = false, linearBeforeReset: Bool = false
  ) -> (sequence: String, h: String, c: String) {
    let (directions, rows) = (direction.count, cell.gates * hidden)
    var arguments = [
      x, uniformWeight("\(name).W", [directions, rows, inputs], fanIn: hidden),
      uniformWeight("\(name).R", [directions, rows, hidden], fanIn: hidden),
      uniformWeight("\(name).B", [directions, 2 * rows], fanIn: hidden), "", initialH, initialC,
    ]
    while arguments.last?.isEmpty == true { arguments.removeLast() }
    let attributes = Recurrent(
      cell: cell, hiddenSize: hidden, direction: direction, linearBeforeReset: linearBeforeReset)
    var suffixes = [wantsSequence ? "out" : "", wantsLast ? "h" : "", wantsLast && cell == .lstm ? "c" : ""]
    while suffixes.last?.isEmpty == true { suffixes.removeLast() }
    let outputs = node(name, .recurrent(attributes), inputs: arguments, outputs: suffixes)
    func output(_ position: Int) -> String { position < outputs.count ? outputs[position] : "" }
    return (output(0), output(1), output(2))
  }
}
