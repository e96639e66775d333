import ModelGraph
import Tensors

/// A recurrent layer as libtorch's fused operator, which is several times faster than a loop.
struct FusedRecurrence {
  private static let lstm = ATenOperator("aten::lstm", "input")
  private static let gru = ATenOperator("aten::gru", "input")
  private static let rnnTanh = ATenOperator("aten::rnn_tanh", "input")
  private static let rnnRelu = ATenOperator("aten::rnn_relu", "input")

  private let call: ATenOperator
  private let cell: RecurrentCell
  private let direction: Recurrent.Direction
  /// ONNX's gates in libtorch's order.
  private let gateOrder: [Int]

  /// Nil for layers that libtorch does not compute as ONNX means them.
  init?(_ layer: Recurrent) {
    guard layer.clip ?? 0 == 0, !layer.couplesInputAndForget else { return nil }
    let repeated = { (functions: [Recurrent.Function]) in
      layer.activations.isEmpty
        || layer.activations == Array(repeating: functions, count: layer.direction.count).flatMap { $0 }
    }
    switch layer.cell {
    case .lstm:
      guard repeated([.sigmoid, .tanh, .tanh]) else { return nil }
      call = Self.lstm
      // i o f c to i f c o.
      gateOrder = [0, 2, 3, 1]
    case .gru:
      guard layer.linearBeforeReset, repeated([.sigmoid, .tanh]) else { return nil }
      call = Self.gru
      // z r h to r z h.
      gateOrder = [1, 0, 2]
    case .rnn:
      let isTanh = repeated([.tanh]) || layer.activations == [.tanh, .tanh]
      guard isTanh || repeated([.relu]) else { return nil }
      call = isTanh ? Self.rnnTanh : Self.rnnRelu
      gateOrder = [0]
    }
    cell = layer.cell
    direction = layer.direction
  }

  func run(_ inputs: RecurrentInputs, training: Bool) throws -> RecurrentOutputs {
    let directions = direction.count
    var parameters: [Tensor] = []
    for direction in 0..<directions {
      parameters.append(try reordered(inputs.part(inputs.w, direction)))
      parameters.append(try reordered(inputs.part(inputs.r, direction)))
      guard let bias = inputs.bias else { continue }
      let both = try inputs.part(bias, direction)
      let rows = both.shape[0] / 2
      parameters.append(try reordered(both.slice(0, 0, rows)))
      parameters.append(try reordered(both.slice(0, rows, 2 * rows)))
    }
    let (steps, batch, size) = (inputs.x.shape[0], inputs.x.shape[1], inputs.hiddenSize)
    let zeros = try Tensor.zeros([directions, batch, size], type: inputs.x.type, device: inputs.x.device)
    let x = direction == .reverse ? try inputs.x.flip([0]) : inputs.x
    let hidden = try (inputs.hidden ?? zeros).contiguous()
    let states: ATenArgument =
      cell == .lstm ? .tensors([hidden, try (inputs.cell ?? zeros).contiguous()]) : .tensor(hidden)
    // cuDNN differentiates only what ran as training; without dropout that changes nothing else.
    let learns = training || x.requiresGrad || parameters.contains { $0.requiresGrad }
    let results = try call(
      .tensor(x), states, .tensors(parameters), .flag(inputs.bias != nil), .integer(1), .decimal(0), .flag(learns),
      .flag(direction == .bidirectional), .flag(false))
    // [T, N, D x H] to [T, D, N, H].
    let all = try results[0].reshape([steps, batch, directions, size]).transpose(1, 2)
    return RecurrentOutputs(
      y: direction == .reverse ? try all.flip([0]) : all, hidden: results[1],
      cell: cell == .lstm ? results[2] : nil)
  }

  private func reordered(_ rows: Tensor) throws -> Tensor {
    if gateOrder.count == 1 { return rows }
    let size = rows.shape[0] / gateOrder.count
    return try Tensor.cat(gateOrder.map { try rows.slice(0, $0 * size, ($0 + 1) * size) }, axis: 0)
  }
}
