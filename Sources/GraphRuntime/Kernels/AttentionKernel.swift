import ModelGraph
import Tensors

private let fusedAttention = ATenOperator("aten::scaled_dot_product_attention")

extension KernelContext {
  /// Scaled dot-product attention with ONNX's caches, masks, windows and further outputs.
  func attention(_ attributes: Attention) throws -> KernelBody {
    guard attributes.leftWindow >= -1, attributes.rightWindow >= -1, (0...3).contains(attributes.productsMode) else {
      throw failure(
        "has windows of \(attributes.leftWindow) and \(attributes.rightWindow) and the output mode "
          + "\(attributes.productsMode); windows are -1 or more, modes 0 to 3")
    }
    try expectInputs(3...7)
    let kernel = AttentionKernel(attributes: attributes, context: self, givesProducts: isWanted(3))
    return { call in try kernel.run(call) }
  }
}

struct AttentionKernel {
  let attributes: Attention
  let context: KernelContext
  let givesProducts: Bool

  func run(_ call: KernelCall) throws -> [Tensor?] {
    let given = try call.tensor(0)
    let query = try heads(given, attributes.queryHeads)
    var key = try heads(call.tensor(1), attributes.keyValueHeads)
    var value = try heads(call.tensor(2), attributes.keyValueHeads)
    var pastLength = 0
    if let pastKey = call.optional(4), let pastValue = call.optional(5) {
      guard pastKey.rank == 4, pastValue.rank == 4 else {
        throw context.failure("has past keys of shape \(pastKey.shape) and values of shape \(pastValue.shape)")
      }
      pastLength = pastKey.shape[2]
      key = try Tensor.cat([pastKey, key], axis: 2)
      value = try Tensor.cat([pastValue, value], axis: 2)
    }
    let (queryHeads, keyHeads) = (query.shape[1], key.shape[1])
    guard keyHeads > 0, queryHeads % keyHeads == 0, value.shape[1] == keyHeads else {
      throw context.failure("has \(queryHeads) query heads for \(keyHeads) key and \(value.shape[1]) value heads")
    }
    let mask = try AttentionMask(
      attributes, given: call.optional(3), validKeys: call.optional(6), pastLength: pastLength, query: query, key: key)
    let sharers = queryHeads / keyHeads
    let keys = try key.repeatingEach(sharers, axis: 1)
    let values = try value.repeatingEach(sharers, axis: 1)
    let scale = attributes.scale ?? 1 / Double(query.shape[3]).squareRoot()

    let result: Tensor
    var products: Tensor?
    if let isCausal = mask.plainCausality, !givesProducts, attributes.softCap <= 0, isFusable(query, values) {
      result = try fusedAttention.one(
        .tensor(query), .tensor(keys), .tensor(values), .none, .decimal(0), .flag(isCausal), .decimal(scale))
    } else {
      (result, products) = try explicit(query, keys, values, mask: mask, scale: scale)
    }
    let y = given.rank == 3 ? try result.transpose(1, 2).reshape([given.shape[0], given.shape[1], -1]) : result
    return [y, key, value, products]
  }

  /// `[N, T, heads x d]` to `[N, heads, T, d]`.
  private func heads(_ x: Tensor, _ count: Int?) throws -> Tensor {
    if x.rank == 4 { return x }
    guard x.rank == 3, let count, count > 0, x.shape[2] % count == 0 else {
      throw context.failure("cannot cut an input of shape \(x.shape) into \(count ?? 0) heads")
    }
    return try x.reshape([x.shape[0], x.shape[1], count, -1]).transpose(1, 2)
  }

  private func isFusable(_ query: Tensor, _ value: Tensor) -> Bool {
    guard let precision = attributes.softmaxPrecision else { return query.type == value.type }
    // The fused operator works in float32 or better inside.
    return query.type == value.type && (precision == .float32 || ScalarType(precision) == query.type)
  }

  private func explicit(
    _ query: Tensor, _ keys: Tensor, _ values: Tensor, mask: AttentionMask, scale: Double
  ) throws -> (Tensor, products: Tensor?) {
    // Both factors take the root of the scale, so that half precision does not overflow.
    let root = scale.magnitude.squareRoot()
    let product = try query.mul(scale < 0 ? -root : root).matmul(keys.mul(root).transpose(2, 3))
    let cap = attributes.softCap
    let capped = cap > 0 ? try product.div(cap).tanh().mul(cap) : product
    let biased = try mask.biasing(capped)
    let precise = try attributes.softmaxPrecision.map { try biased.to(ScalarType($0)) } ?? biased
    let weights: Tensor
    if let isEmpty = try mask.emptyRows() {
      // Without any key a row is zero. Its logits are made finite first, as NaN would reach the gradient.
      weights = try precise.filled(0, where: isEmpty).softmax(-1).filled(0, where: isEmpty)
    } else {
      weights = try precise.softmax(-1)
    }
    let shares = try weights.to(query.type)
    let products =
      switch attributes.productsMode {
      case 1: capped
      case 2: biased
      case 3: shares
      default: product
      }
    return (try shares.to(values.type).matmul(values).to(query.type), givesProducts ? products : nil)
  }
}
