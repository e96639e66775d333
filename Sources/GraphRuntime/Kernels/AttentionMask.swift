import ModelGraph
import Tensors

/// Which keys each query may attend, and what is added to its products; both broadcast to `[N, heads, T, S]`.
///
/// The limits of causality, windows and cache are one boolean tensor. It is kept apart from a mask of numbers, which is
/// added as it is.
struct AttentionMask {
  /// Nil: all.
  private var allowed: Tensor?
  private var added: Tensor?
  /// True or false where causality from the first key on is the only limit there is; nil where there are others.
  let plainCausality: Bool?

  init(
    _ attributes: Attention, given: Tensor?, validKeys: Tensor?, pastLength: Int, query: Tensor, key: Tensor
  ) throws {
    let (steps, total, device) = (query.shape[2], key.shape[2], query.device)
    let hasWindow = attributes.leftWindow >= 0 || attributes.rightWindow >= 0
    let isPlain = given == nil && validKeys == nil && !hasWindow && (pastLength == 0 || !attributes.isCausal)
    plainCausality = isPlain ? attributes.isCausal : nil

    if let given {
      let mask = try Self.reaching(total, given)
      if mask.type == .bool { allowed = mask } else { added = mask }
    }
    let valid = try validKeys.map { try $0.to(device).to(.int64).reshape([-1, 1, 1, 1]) }
    let keys = try Tensor.arange(0..<total, device: device)
    if attributes.isCausal || hasWindow {
      // A query's place among the keys: [T, 1], or [N, 1, T, 1] where each sample has its own number of keys.
      let rows = try Tensor.arange(0..<steps, device: device).reshape([steps, 1])
      let places: Tensor
      if pastLength == 0, let valid {
        places = try rows + valid + Tensor(int64s: [Int64(-steps)], shape: [], device: device)
      } else {
        places = try rows + Tensor(int64s: [Int64(pastLength)], shape: [], device: device)
      }
      let ahead = try keys - places
      if attributes.isCausal { try allow(ahead.le(0)) }
      if attributes.leftWindow >= 0 { try allow(ahead.ge(-Double(attributes.leftWindow))) }
      if attributes.rightWindow >= 0 { try allow(ahead.le(Double(attributes.rightWindow))) }
    }
    if let valid { try allow(keys.lt(valid)) }
  }

  private mutating func allow(_ other: Tensor) throws {
    allowed = try allowed.map { try $0.and(other) } ?? other
  }

  /// The products with the limits applied.
  func biasing(_ products: Tensor) throws -> Tensor {
    var result = products
    if let added { result = try result + added.to(products.type) }
    if let allowed { result = try result.filled(-.infinity, where: allowed.logicalNot()) }
    return result
  }

  /// The queries that no key is left for, with one key axis; nil where there are no limits.
  func emptyRows() throws -> Tensor? {
    var hidden = try allowed?.logicalNot()
    if let added {
      let isHidden = try added.eq(-.infinity)
      hidden = try hidden.map { try $0.or(isHidden) } ?? isHidden
    }
    return try hidden?.all([-1], keepsAxes: true)
  }

  /// A mask over the first keys hides the others.
  private static func reaching(_ total: Int, _ mask: Tensor) throws -> Tensor {
    guard let present = mask.shape.last, present < total else { return mask }
    let before = [Int](repeating: 0, count: mask.rank)
    var after = before
    after[mask.rank - 1] = total - present
    return try mask.pad(before: before, after: after, value: mask.type == .bool ? 0 : -.infinity)
  }
}
