/// Classifiers of sequences, `[N, T, 28]` to `[N, 10]`: an image's rows, say, one after the other.
extension BuiltinNetworks {
  /// Two recurrent layers; one direction hands its last step on, two hand on their mean over time. W, R and B of each layer are laid
  /// out as ONNX has them.
  static func recurrentNetwork(
    _ empty: GraphBuilder, cell: RecurrentCell, hidden: Int, direction: Recurrent.Direction
  ) throws -> Graph {
    var builder = empty
    var x = builder.input("input", [.symbolic("batch"), .symbolic("time"), .fixed(28)])
    x = builder.transpose("time_first", x, [1, 0, 2])
    let width = direction.count * hidden
    for layer in 0..<2 {
      let name = "\(cell.rawValue.lowercased()).\(layer)"
      x =
        builder.recurrent(
          name, x, cell, inputs: layer == 0 ? 28 : width, hidden: hidden, direction: direction,
          linearBeforeReset: cell == .gru
        ).sequence
      // [T, D, N, H] to [T, N, D x H].
      if direction.count == 1 {
        x = builder.squeeze("\(name).joined", x, axes: [1])
      } else {
        x = builder.reshape("\(name).joined", builder.transpose("\(name).swap", x, [0, 2, 1, 3]), [0, 0, width])
      }
    }
    x =
      direction.count == 1
      ? builder.gather("last", x, at: -1, axis: 0) : builder.reduceMean("mean", x, axes: [0], keepsAxes: false)
    x = builder.linear("fc", x, inputs: width, outputs: 10)
    return try builder.finished(output: x, shape: scores(10))
  }

  /// Vaswani and others 2017 at size 64: two layers of four heads in PyTorch's arrangement (normalised after each sum), with the order
  /// in time given by a convolution over neighbours, so that any length fits.
  static func transformerEncoder(_ empty: GraphBuilder) throws -> Graph {
    let size = 64
    var builder = empty
    var x = builder.input("input", [.symbolic("batch"), .symbolic("time"), .fixed(28)])
    x = builder.projection("embed", x, inputs: 28, outputs: size)
    var y = builder.transpose("position.channels", x, [0, 2, 1])
    y = builder.convolution(
      "position", y, inputs: size, outputs: size, kernel: 3, padding: 1, groups: size, bias: true, axes: 1)
    x = builder.add("position.add", x, builder.transpose("position.time", y, [0, 2, 1]))
    for layer in 0..<2 {
      let name = "layers.\(layer)"
      y = selfAttention(&builder, "\(name).self_attn", x, size: size, heads: 4)
      y = builder.dropout("\(name).dropout1", y, ratio: 0.1)
      x = builder.layerNormalization("\(name).norm1", builder.add("\(name).add1", x, y), size: size)
      y = builder.relu("\(name).relu", builder.projection("\(name).linear1", x, inputs: size, outputs: 2 * size))
      y = builder.projection("\(name).linear2", y, inputs: 2 * size, outputs: size)
      y = builder.dropout("\(name).dropout2", y, ratio: 0.1)
      x = builder.layerNormalization("\(name).norm2", builder.add("\(name).add2", x, y), size: size)
    }
    x = builder.reduceMean("mean", x, axes: [1], keepsAxes: false)
    x = builder.linear("fc", x, inputs: size, outputs: 10)
    return try builder.finished(output: x, shape: scores(10))
  }

  /// Q, K and V by one product, heads, and the output projection.
  private static func selfAttention(
    _ builder: inout GraphBuilder, _ name: String, _ x: String, size: Int, heads: Int
  ) -> String {
    let head = size / heads
    let weight = builder.uniformWeight("\(name).in_proj_weight", [3 * size, size], fanIn: size)
    let bias = builder.uniformWeight("\(name).in_proj_bias", [3 * size], fanIn: size)
    var packed = builder.product("\(name).in_proj", x, builder.transpose("\(name).in_proj.turned", weight, [1, 0]))
    packed = builder.add("\(name).in_proj.shifted", packed, bias)
    let parts = builder.split("\(name).parts", packed, sizes: [size, size, size], axis: 2)
    let cut = zip(["q", "k", "v"], parts).map { part, value in
      builder.reshape("\(name).\(part).heads", value, [0, 0, heads, head])
    }
    let q = builder.transpose("\(name).q", cut[0], [0, 2, 1, 3])
    let k = builder.transpose("\(name).k", cut[1], [0, 2, 3, 1])
    let v = builder.transpose("\(name).v", cut[2], [0, 2, 1, 3])
    let scores = builder.scale(
      "\(name).scale", builder.product("\(name).scores", q, k), by: 1 / Double(head).squareRoot())
    let mixed = builder.product("\(name).mix", builder.node("\(name).softmax", .softmax(axis: -1), scores), v)
    let merged = builder.reshape(
      "\(name).merge", builder.transpose("\(name).back", mixed, [0, 2, 1, 3]), [0, 0, size])
    return builder.projection("\(name).out_proj", merged, inputs: size, outputs: size)
  }
}
