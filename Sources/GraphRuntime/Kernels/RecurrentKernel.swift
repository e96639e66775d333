import ModelGraph
import Tensors

extension KernelContext {
  /// LSTM, GRU and RNN in every form that ONNX has.
  func recurrent(_ layer: Recurrent) throws -> KernelBody {
    try expectInputs(3...8)
    let kernel = try RecurrentKernel(layer, in: self)
    return { call in try kernel.run(call) }
  }
}

/// One recurrent layer: libtorch's fused layer where that computes the same, else a loop over time steps.
///
/// Both learn: the fused weights are put together from ONNX's at each run, on the gradient's tape.
struct RecurrentKernel {
  private let layer: Recurrent
  private let functions: [[RecurrentFunction]]
  private let context: KernelContext
  /// Nil where no fused layer computes the same, whatever the inputs are.
  private let fused: FusedRecurrence?

  init(_ layer: Recurrent, in context: KernelContext) throws {
    self.layer = layer
    self.context = context
    functions = try RecurrentFunction.functions(of: layer, in: context)
    fused = FusedRecurrence(layer)
  }

  func run(_ call: KernelCall) throws -> [Tensor?] {
    let given = try call.tensor(0)
    let x = layer.batchFirst ? try given.transpose(0, 1) : given
    let inputs = RecurrentInputs(
      x: x, w: try call.tensor(1), r: try call.tensor(2), bias: call.optional(3), lengths: call.optional(4),
      hidden: try state(call.optional(5)), cell: try state(call.optional(6)), peepholes: call.optional(7))
    try check(inputs)
    let directions = layer.direction.count
    let result: RecurrentOutputs
    if let fused, inputs.lengths == nil, inputs.peepholes == nil {
      result = try fused.run(inputs, training: call.mode == .training)
    } else {
      let steps = RecurrentLoop(layer: layer, inputs: inputs)
      let parts = try (0..<directions).map { direction in
        try steps.run(
          direction, functions: functions[direction],
          isReversed: layer.direction == .reverse || direction == 1)
      }
      result = try RecurrentOutputs(
        y: Tensor.stack(parts.map(\.y), axis: 1), hidden: Tensor.stack(parts.map(\.hidden)),
        cell: layer.cell == .lstm ? Tensor.stack(parts.compactMap(\.cell)) : nil)
    }
    let y = layer.batchFirst ? try result.y.permute([2, 0, 1, 3]) : result.y
    return [y, try state(result.hidden), try state(result.cell)]
  }

  /// Throws unless every input has its shape.
  private func check(_ inputs: RecurrentInputs) throws {
    guard inputs.x.rank == 3, inputs.r.rank == 3 else {
      throw context.failure("has X of \(inputs.x.rank) axes and R of \(inputs.r.rank); both need three")
    }
    let (directions, batch, size) = (layer.direction.count, inputs.x.shape[1], inputs.hiddenSize)
    let rows = layer.cell.gates * size
    let state = [directions, batch, size]
    let wanted: [(name: String, tensor: Tensor?, shape: [Int])] = [
      ("W", inputs.w, [directions, rows, inputs.x.shape[2]]), ("R", inputs.r, [directions, rows, size]),
      ("B", inputs.bias, [directions, 2 * rows]), ("sequence lengths", inputs.lengths, [batch]),
      ("initial h", inputs.hidden, state), ("initial c", inputs.cell, state),
      ("peepholes", inputs.peepholes, [directions, 3 * size]),
    ]
    for (name, tensor, shape) in wanted {
      guard let tensor, tensor.shape != shape else { continue }
      throw context.failure("has \(name) of shape \(tensor.shape) where X and R ask for \(shape)")
    }
  }

  /// States between `[N, D, H]` and `[D, N, H]`.
  private func state(_ tensor: Tensor?) throws -> Tensor? {
    guard let tensor, layer.batchFirst else { return tensor }
    return try tensor.transpose(0, 1)
  }
}

/// What a recurrent layer reads, time first: X `[T, N, I]`, states `[D, N, H]`.
struct RecurrentInputs {
  let x: Tensor
  let w: Tensor
  let r: Tensor
  let bias: Tensor?
  let lengths: Tensor?
  let hidden: Tensor?
  let cell: Tensor?
  let peepholes: Tensor?

  var hiddenSize: Int { r.shape[2] }

  /// One direction's slice of a tensor whose first axis is the direction.
  func part(_ tensor: Tensor, _ direction: Int) throws -> Tensor {
    try tensor.slice(0, direction, direction + 1).removing(axis: 0)
  }

  /// The first state of a direction, zero unless given.
  func start(_ state: Tensor?, _ direction: Int) throws -> Tensor {
    if let state { return try part(state, direction) }
    return try Tensor.zeros([x.shape[1], hiddenSize], type: x.type, device: x.device)
  }
}

/// What a recurrent layer makes, time first: Y `[T, D, N, H]`, states `[D, N, H]`.
struct RecurrentOutputs {
  let y: Tensor
  let hidden: Tensor
  let cell: Tensor?
}
