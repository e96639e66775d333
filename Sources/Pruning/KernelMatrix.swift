import ModelGraph
import Tensors

/// A kernel seen as the matrices `[groups, rows, columns]` that its layer multiplies what it reads with: a row for
/// each output, a column for each input, or for each place of a convolution's window in each input channel.
struct KernelMatrix: Hashable {
  let groups: Int
  let rows: Int
  let columns: Int
  /// The weight is `[columns, rows]`.
  let isTransposed: Bool

  /// Nil for a layer that reads the weight in another way: recurrent layers, transposed and three-dimensional
  /// convolutions, products with the weight on the left.
  init?(_ weight: String, of node: Node, shape: [Int]) {
    guard node.inputs.filter({ $0 == weight }).count == 1, node.inputs.count > 1, node.inputs[1] == weight else {
      return nil
    }
    if case .convolution(let attributes) = node.op, shape.count == 3 || shape.count == 4,
      attributes.groups > 0, shape[0] % attributes.groups == 0
    {
      self.init(
        groups: attributes.groups, rows: shape[0] / attributes.groups, columns: shape[1...].reduce(1, *),
        isTransposed: false)
    } else if case .gemm(let attributes) = node.op, shape.count == 2, !attributes.transposesA {
      self.init(shape, isTransposed: !attributes.transposesB)
    } else if case .matrixProduct = node.op, shape.count == 2 {
      self.init(shape, isTransposed: true)
    } else {
      return nil
    }
  }

  private init(groups: Int, rows: Int, columns: Int, isTransposed: Bool) {
    self.groups = groups
    self.rows = rows
    self.columns = columns
    self.isTransposed = isTransposed
  }

  private init(_ shape: [Int], isTransposed: Bool) {
    self.init(
      groups: 1, rows: shape[isTransposed ? 1 : 0], columns: shape[isTransposed ? 0 : 1], isTransposed: isTransposed)
  }

  func matrix(of weight: Tensor) throws -> Tensor {
    let plain = try isTransposed ? weight.transpose() : weight
    return try plain.contiguous().reshape([groups, rows, columns])
  }

  /// The other way, into a weight of `shape`.
  func weight(of matrix: Tensor, shape: [Int]) throws -> Tensor {
    let plain = try matrix.contiguous().reshape(isTransposed ? [rows, columns] : shape)
    return try isTransposed ? plain.transpose().contiguous() : plain
  }

  /// Where an element of the weight, row-major, lies.
  func place(of element: Int) -> (group: Int, column: Int) {
    isTransposed ? (0, element / rows) : (element / columns / rows, element % columns)
  }

  /// What the columns are multiplied with, `[groups, columns, positions]`, from what the node reads.
  func inputs(_ x: Tensor, of node: Node, kernel: [Int]) throws -> Tensor {
    guard case .convolution(let attributes) = node.op else {
      return try x.reshape([-1, columns]).transpose().reshape([1, columns, -1])
    }
    let spatial = Array(x.shape[2...])
    let window = try WindowGeometry.sliding(
      over: spatial, kernel: Array(kernel[2...]), strides: attributes.strides, dilations: attributes.dilations,
      padding: attributes.padding)
    var padded = try x.pad(before: [0, 0] + window.before, after: [0, 0] + window.after)
    if spatial.count == 1 { padded = try padded.reshape([x.shape[0], x.shape[1], 1, padded.shape[2]]) }
    func pair(_ values: [Int]) -> (Int, Int) { values.count == 1 ? (1, values[0]) : (values[0], values[1]) }
    let patches = try padded.unfold(
      kernel: pair(window.kernel), strides: pair(window.strides), dilations: pair(window.dilations))
    return try patches.reshape([x.shape[0], groups, columns, -1]).permute([1, 2, 0, 3]).contiguous()
      .reshape([groups, columns, -1])
  }
}
