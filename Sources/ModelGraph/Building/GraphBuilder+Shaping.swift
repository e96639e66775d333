/// Nodes without learned weights; their sizes and positions become constants.
extension GraphBuilder {
  package mutating func relu(_ name: String, _ x: String) -> String { node(name, .activation(.relu), x) }

  package mutating func add(_ name: String, _ left: String, _ right: String) -> String {
    node(name, .elementwise(.add), left, right)
  }

  package mutating func multiply(_ name: String, _ left: String, _ right: String) -> String {
    node(name, .elementwise(.multiply), left, right)
  }

  /// Times one number.
  package mutating func scale(_ name: String, _ x: String, by factor: Double) -> String {
    multiply(name, x, scalar("\(name).factor", factor))
  }

  /// NumPy's matmul.
  package mutating func product(_ name: String, _ left: String, _ right: String) -> String {
    node(name, .matrixProduct, left, right)
  }

  /// The maximum of windows that do not overlap unless a smaller stride is given.
  package mutating func maxPool(
    _ name: String, _ x: String, kernel: Int, stride: Int? = nil, padding: Int = 0, axes: Int = 2
  ) -> String {
    let pooling = Pooling(
      kernel: Array(repeating: kernel, count: axes), strides: Array(repeating: stride ?? kernel, count: axes),
      padding: Padding(all: padding, axes: axes))
    return node(name, .maxPool(pooling), x)
  }

  package mutating func averagePool(_ name: String, _ x: String, kernel: Int, axes: Int = 2) -> String {
    let size = Array(repeating: kernel, count: axes)
    return node(name, .averagePool(Pooling(kernel: size, strides: size)), x)
  }

  /// Limits the values; a nil side is open.
  package mutating func clip(_ name: String, _ x: String, minimum: Double?, maximum: Double?) -> String {
    var arguments = [x, minimum.map { scalar("\(name).min", $0) } ?? ""]
    if let maximum { arguments.append(scalar("\(name).max", maximum)) }
    return node(name, .clip, inputs: arguments)
  }

  package mutating func dropout(_ name: String, _ x: String, ratio: Double) -> String {
    node(name, .dropout, x, scalar("\(name).ratio", ratio))
  }

  package mutating func reduce(
    _ name: String, _ x: String, _ function: ReductionFunction, axes: [Int], keepsAxes: Bool
  ) -> String {
    node(name, .reduce(Reduction(function, keepsAxes: keepsAxes)), x, integers("\(name).axes", axes))
  }

  package mutating func reduceMean(_ name: String, _ x: String, axes: [Int], keepsAxes: Bool) -> String {
    reduce(name, x, .mean, axes: axes, keepsAxes: keepsAxes)
  }

  /// Without steps, each is 1. An end of `Int(Int32.max)` or more means the axis' end.
  package mutating func slice(
    _ name: String, _ x: String, axes: [Int], starts: [Int], ends: [Int], steps: [Int]? = nil
  ) -> String {
    var arguments = [
      x, integers("\(name).starts", starts), integers("\(name).ends", ends), integers("\(name).axes", axes),
    ]
    if let steps { arguments.append(integers("\(name).steps", steps)) }
    return node(name, .slice, inputs: arguments)
  }

  /// Amounts for every axis; negative ones crop.
  package mutating func pad(
    _ name: String, _ x: String, before: [Int], after: [Int], value: Double? = nil, mode: PadMode = .constant
  ) -> String {
    var arguments = [x, integers("\(name).pads", before + after)]
    if let value { arguments.append(scalar("\(name).value", value)) }
    return node(name, .pad(mode: mode), inputs: arguments)
  }

  /// 0 copies an axis, one -1 stands for the rest.
  package mutating func reshape(_ name: String, _ x: String, _ sizes: [Int]) -> String {
    node(name, .reshape(allowsZero: false), x, integers("\(name).shape", sizes))
  }

  package mutating func transpose(_ name: String, _ x: String, _ permutation: [Int]) -> String {
    node(name, .transpose(permutation: permutation), x)
  }

  package mutating func flatten(_ name: String, _ x: String, axis: Int = 1) -> String {
    node(name, .flatten(axis: axis), x)
  }

  package mutating func squeeze(_ name: String, _ x: String, axes: [Int]) -> String {
    node(name, .squeeze, x, integers("\(name).axes", axes))
  }

  package mutating func unsqueeze(_ name: String, _ x: String, axes: [Int]) -> String {
    node(name, .unsqueeze, x, integers("\(name).axes", axes))
  }

  package mutating func expand(_ name: String, _ x: String, _ shape: [Int]) -> String {
    node(name, .expand, x, integers("\(name).shape", shape))
  }

  package mutating func tile(_ name: String, _ x: String, _ repeats: [Int]) -> String {
    node(name, .tile, x, integers("\(name).repeats", repeats))
  }

  /// One value alone is handed back as it is.
  package mutating func concat(_ name: String, _ inputs: [String], axis: Int = 1) -> String {
    inputs.count == 1 ? inputs[0] : node(name, .concat(axis: axis), inputs: inputs)
  }

  /// Parts of the given sizes along an axis.
  package mutating func split(_ name: String, _ x: String, sizes: [Int], axis: Int) -> [String] {
    node(
      name, .split(axis: axis), inputs: [x, integers("\(name).sizes", sizes)],
      outputs: sizes.indices.map { "out\($0)" })
  }

  /// The slice at one position, without its axis.
  package mutating func gather(_ name: String, _ x: String, at position: Int, axis: Int) -> String {
    node(
      name, .gather(axis: axis), x,
      weight("\(name).index", TensorData(shape: [], integers: [Int64(position)])))
  }

  /// The slices at some positions, in their order.
  package mutating func gather(_ name: String, _ x: String, at positions: [Int], axis: Int) -> String {
    node(name, .gather(axis: axis), x, integers("\(name).indices", positions))
  }
}
