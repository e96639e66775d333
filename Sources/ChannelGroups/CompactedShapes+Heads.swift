import ModelGraph

/// Head counts that operators hold as attributes.
extension CompactedShapes {
  /// The attributes of attention over what is left: fewer heads where whole heads leave, and the scale that followed from the
  /// dense size of a head.
  func compacted(_ attention: Attention, _ node: Node) -> Attention {
    let denseHeads = attention.queryHeads
    var attention = attention
    let dense = dense(node.inputs[0])
    if analysis.kind == .head, dense.count == 3 {
      attention.queryHeads = attention.queryHeads.map { heads($0, node.inputs[0]) }
      attention.keyValueHeads = attention.keyValueHeads.map { heads($0, node.inputs[1]) }
    }
    guard attention.scale == nil, changes(node.inputs[0]), let last = dense.last else { return attention }
    let size = dense.count == 4 ? last : last / (denseHeads ?? 1)
    attention.scale = 1 / Double(size).squareRoot()
    return attention
  }

  /// What is left of heads that lie side by side on the last axis.
  func heads(_ count: Int, _ value: String) -> Int {
    guard let kept = shape(value).last, let dense = dense(value).last, dense > 0 else { return count }
    return count * kept / dense
  }
}
