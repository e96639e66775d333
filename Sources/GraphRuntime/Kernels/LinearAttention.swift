import ModelGraph
import Tensors

extension KernelContext {
  /// Attention with a recurrent state `[N, heads, dK, dV]` in place of a softmax, step by step.
  ///
  /// The state grows by an outer product of key and value at each step. The gated rules let it decay first; the delta
  /// rules write only what the state does not yet give for the key.
  func linearAttention(_ attributes: LinearAttention) throws -> KernelBody {
    let (queryHeads, heads) = (attributes.queryHeads, attributes.keyValueHeads)
    guard queryHeads > 0, heads > 0, queryHeads % heads == 0 else {
      throw failure("has \(queryHeads) query heads, which must be a multiple of its \(heads) key heads")
    }
    let decays = attributes.rule == .gated || attributes.rule == .gatedDelta
    let corrects = attributes.rule == .delta || attributes.rule == .gatedDelta
    try expectInputs(3...6)
    return { call in
      /// `[N, T, heads x d]` to `[N, heads, T, d]`.
      func split(_ position: Int, _ heads: Int) throws -> Tensor {
        let x = try call.tensor(position)
        guard x.rank == 3, x.shape[2] % heads == 0 else {
          throw failure("cannot cut its input \(position) of shape \(x.shape) into \(heads) heads")
        }
        return try x.precise.reshape([x.shape[0], x.shape[1], heads, x.shape[2] / heads]).transpose(1, 2)
      }
      let query = try call.tensor(0)
      let (queries, keys, values) = (try split(0, queryHeads), try split(1, heads), try split(2, heads))
      // [N, heads, T, 1 or dK] and [N, heads or 1, T, 1].
      let decay = decays ? try split(4, heads).exp() : nil
      let beta = corrects ? try call.tensor(5).precise.transpose(1, 2).inserting(axis: -1) : nil
      let (batch, steps, keySize) = (keys.shape[0], keys.shape[2], keys.shape[3])
      let scale = attributes.scale == 0 ? 1 / Double(keySize).squareRoot() : attributes.scale

      let past = call.optional(3)
      var state =
        try past?.precise
        ?? Tensor.zeros([batch, heads, keySize, values.shape[3]], type: keys.type, device: keys.device)
      var results: [Tensor] = []
      for step in 0..<steps {
        func at(_ x: Tensor) throws -> Tensor { try x.slice(2, step, step + 1) }
        if let decay { state = try state * at(decay).transpose(2, 3) }
        let key = try at(keys)
        var value = try at(values)
        if let beta { value = try at(beta) * (value - key.matmul(state)) }
        state = try state + key.transpose(2, 3).matmul(value)
        results.append(try at(queries).matmul(state.repeatingEach(queryHeads / heads, axis: 1)))
      }
      let result =
        try results.isEmpty
        ? Tensor.zeros([batch, 0, queryHeads * values.shape[3]], type: keys.type, device: keys.device)
        : Tensor.cat(results, axis: 2).mul(scale).transpose(1, 2).reshape([batch, steps, -1])
      return [try result.to(query.type), try state.to((past ?? query).type)]
    }
  }
}
