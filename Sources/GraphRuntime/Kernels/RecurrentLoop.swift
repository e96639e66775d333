import ModelGraph
import Tensors

/// A recurrent layer step by step: every attribute that ONNX has, at the cost of some operators a step.
struct RecurrentLoop {
  struct Part {
    /// `[T, N, H]`.
    let y: Tensor
    /// `[N, H]`.
    let hidden: Tensor
    let cell: Tensor?
  }

  let layer: Recurrent
  let inputs: RecurrentInputs

  func run(_ direction: Int, functions: [RecurrentFunction], isReversed: Bool) throws -> Part {
    let cell = try Cell(layer: layer, inputs: inputs, direction: direction, functions: functions)
    let steps = inputs.x.shape[0]
    // The inputs' share of all gates at once: [T, N, gates x H].
    let projected = try inputs.x.linear(weight: inputs.part(inputs.w, direction), bias: cell.inputBias)
    var state = State(
      hidden: try inputs.start(inputs.hidden, direction),
      cell: layer.cell == .lstm ? try inputs.start(inputs.cell, direction) : nil)
    let lengths = try inputs.lengths.map { try $0.to(inputs.x.device).to(.int64).reshape([-1, 1]) }
    var results = [Tensor?](repeating: nil, count: steps)
    for step in isReversed ? Array((0..<steps).reversed()) : Array(0..<steps) {
      let next = try cell.advance(state, projected.slice(0, step, step + 1).removing(axis: 0))
      guard let lengths else {
        state = next
        results[step] = next.hidden
        continue
      }
      // Past a sequence's end the state stands still and the result is zero; backwards, it has not begun.
      let isInside = try lengths.gt(Double(step))
      results[step] = try next.hidden.mul(isInside.to(next.hidden.type))
      state = State(
        hidden: try isInside.select(next.hidden, else: state.hidden),
        cell: try next.cell.map { try isInside.select($0, else: state.cell ?? $0) })
    }
    let y = try steps > 0 ? Tensor.stack(results.compactMap { $0 }) : projected.slice(2, 0, inputs.hiddenSize)
    return Part(y: y, hidden: state.hidden, cell: state.cell)
  }

  struct State {
    var hidden: Tensor
    var cell: Tensor?
  }
}

extension RecurrentLoop {
  /// One direction's weights and the step they make.
  struct Cell {
    private let layer: Recurrent
    private let functions: [RecurrentFunction]
    private let size: Int
    private let recurrence: Tensor
    /// Of the recurrent products; nil without biases.
    private let recurrentBias: Tensor?
    /// `[H]` each: input, output, forget.
    private let peepholes: [Tensor]
    let inputBias: Tensor?

    init(layer: Recurrent, inputs: RecurrentInputs, direction: Int, functions: [RecurrentFunction]) throws {
      self.layer = layer
      self.functions = functions
      size = inputs.hiddenSize
      recurrence = try inputs.part(inputs.r, direction)
      let rows = layer.cell.gates * size
      let bias = try inputs.bias.map { try inputs.part($0, direction) }
      inputBias = try bias?.slice(0, 0, rows)
      recurrentBias = try bias?.slice(0, rows, 2 * rows)
      peepholes =
        try inputs.peepholes.map { given in
          let part = try inputs.part(given, direction)
          return try (0..<3).map { try part.slice(0, $0 * inputs.hiddenSize, ($0 + 1) * inputs.hiddenSize) }
        } ?? []
    }

    /// The state after a step whose inputs' share of the gates is `projected`.
    func advance(_ state: State, _ projected: Tensor) throws -> State {
      switch layer.cell {
      case .lstm: try lstm(state, projected)
      case .gru: State(hidden: try gru(state.hidden, projected), cell: nil)
      case .rnn:
        State(
          hidden: try functions[0](limited(projected + state.hidden.linear(weight: recurrence, bias: recurrentBias))),
          cell: nil)
      }
    }

    private func lstm(_ state: State, _ projected: Tensor) throws -> State {
      let gates = try projected + state.hidden.linear(weight: recurrence, bias: recurrentBias)
      let old = state.cell ?? state.hidden
      let input = try functions[0](limited(peeping(gate(gates, 0), at: old, 0)))
      let forget =
        try layer.couplesInputAndForget
        ? input.neg().add(1) : functions[0](limited(peeping(gate(gates, 2), at: old, 2)))
      let candidate = try functions[1](limited(gate(gates, 3)))
      let cell = try forget * old + input * candidate
      let output = try functions[0](limited(peeping(gate(gates, 1), at: cell, 1)))
      return State(hidden: try output * functions[2](cell), cell: cell)
    }

    private func gru(_ hidden: Tensor, _ projected: Tensor) throws -> Tensor {
      let both = 2 * size
      let recurrent = try hidden.linear(
        weight: recurrence.slice(0, 0, both), bias: recurrentBias?.slice(0, 0, both))
      let gates = try projected.slice(1, 0, both) + recurrent
      let update = try functions[0](limited(gate(gates, 0)))
      let reset = try functions[0](limited(gate(gates, 1)))
      let weight = try recurrence.slice(0, both, 3 * size)
      let bias = try recurrentBias?.slice(0, both, 3 * size)
      let share =
        try layer.linearBeforeReset
        ? reset * hidden.linear(weight: weight, bias: bias) : (reset * hidden).linear(weight: weight, bias: bias)
      let candidate = try functions[1](limited(gate(projected, 2) + share))
      return try candidate + update * (hidden - candidate)
    }

    private func gate(_ gates: Tensor, _ number: Int) throws -> Tensor {
      try gates.slice(1, number * size, (number + 1) * size)
    }

    private func peeping(_ gate: Tensor, at cell: Tensor, _ number: Int) throws -> Tensor {
      peepholes.isEmpty ? gate : try gate + peepholes[number] * cell
    }

    private func limited(_ x: Tensor) throws -> Tensor {
      guard let clip = layer.clip, clip > 0 else { return x }
      return try x.clamp(-clip, clip)
    }
  }
}
