import Foundation
import ModelGraph

extension ReferenceStep {
  /// LSTM, GRU and RNN with the usual functions, step by step from ONNX's formulas; time first.
  func recur(_ recurrent: Recurrent) throws -> [ReferenceTensor] {
    let (x, w, r, b) = (try argument(0), try argument(1), try argument(2), optional(3))
    try check(
      recurrent.activations.isEmpty && recurrent.clip == nil && !recurrent.batchFirst && optional(4) == nil
        && optional(7) == nil && !recurrent.couplesInputAndForget, "has another form")
    let (steps, batch, inputs) = (x.shape[0], x.shape[1], x.shape[2])
    let (hidden, directions) = (r.shape[2], w.shape[0])
    let rows = recurrent.cell.gates * hidden
    try check(w.shape == [directions, rows, inputs] && r.shape == [directions, rows, hidden], "has other weights")
    try check(b.map { $0.shape == [directions, 2 * rows] } ?? true, "has another bias")
    try check(recurrent.hiddenSize.map { $0 == hidden } ?? true, "names another hidden size")
    for position in [5, 6] {
      try check(optional(position).map { $0.shape == [directions, batch, hidden] } ?? true, "has another state")
    }
    var y = ReferenceTensor.zeros([steps, directions, batch, hidden])
    var last = ReferenceTensor.zeros([directions, batch, hidden])
    var cells = last
    for direction in 0..<directions {
      let isReversed = recurrent.direction == .reverse || direction == 1
      for sample in 0..<batch {
        var h = (0..<hidden).map { optional(5)?[[direction, sample, $0]] ?? 0 }
        var c = (0..<hidden).map { optional(6)?[[direction, sample, $0]] ?? 0 }
        for step in 0..<steps {
          let time = isReversed ? steps - 1 - step : step
          /// The input's and the state's parts of a row.
          func parts(_ row: Int, _ state: [Double]) -> (Double, Double) {
            let first = (0..<inputs).reduce(b?[[direction, row]] ?? 0) {
              $0 + w[[direction, row, $1]] * x[[time, sample, $1]]
            }
            let second = (0..<hidden).reduce(b?[[direction, rows + row]] ?? 0) {
              $0 + r[[direction, row, $1]] * state[$1]
            }
            return (first, second)
          }
          func gate(_ block: Int, _ unit: Int) -> Double {
            let (first, second) = parts(block * hidden + unit, h)
            return first + second
          }
          switch recurrent.cell {
          case .lstm:
            // Rows i, o, f, c.
            let next = (0..<hidden).map { unit -> (h: Double, c: Double) in
              let cell = sigmoid(gate(2, unit)) * c[unit] + sigmoid(gate(0, unit)) * tanh(gate(3, unit))
              return (sigmoid(gate(1, unit)) * tanh(cell), cell)
            }
            (h, c) = (next.map(\.h), next.map(\.c))
          case .gru:
            // Rows z, r, h.
            let resets = (0..<hidden).map { sigmoid(gate(1, $0)) }
            let reset = zip(resets, h).map { $0 * $1 }
            h = (0..<hidden).map { unit in
              let update = sigmoid(gate(0, unit))
              let row = 2 * hidden + unit
              let candidate: Double
              if recurrent.linearBeforeReset {
                let (first, second) = parts(row, h)
                candidate = tanh(first + resets[unit] * second)
              } else {
                let (first, second) = parts(row, reset)
                candidate = tanh(first + second)
              }
              return (1 - update) * candidate + update * h[unit]
            }
          case .rnn: h = (0..<hidden).map { tanh(gate(0, $0)) }
          }
          for unit in 0..<hidden {
            y.values[((time * directions + direction) * batch + sample) * hidden + unit] = h[unit]
          }
        }
        for unit in 0..<hidden {
          last.values[(direction * batch + sample) * hidden + unit] = h[unit]
          cells.values[(direction * batch + sample) * hidden + unit] = c[unit]
        }
      }
    }
    return recurrent.cell == .lstm ? [y, last, cells] : [y, last]
  }

  private func sigmoid(_ value: Double) -> Double { 1 / (1 + exp(-value)) }
}
