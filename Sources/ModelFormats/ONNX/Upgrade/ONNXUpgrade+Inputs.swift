import ModelGraph

// Attributes that have become inputs.
extension ONNXUpgrade {
  mutating func moveAttributesToInputs() throws {
    switch draft.opType {
    case "Slice" where opset < 10: try moveSlice()
    case "Pad" where opset < 11: try movePad()
    case "Clip" where opset < 11: try moveClip()
    case "Squeeze" where opset < 13, "Unsqueeze" where opset < 13: try move("axes", to: 1)
    case "Split" where opset < 13: try move("split", to: 1)
    case "TopK" where opset < 10:
      guard let count = try draft.attributes.takeInteger("k") else { throw draft.failure(.malformed, "has no 'k'") }
      draft.setInput(1, integers("k", [count]))
    case "Dropout": try moveDropout()
    case "DFT" where opset < 20:
      // Operator set 17 counted from the second axis where nothing was said, the newest from the last but one.
      let axis = try draft.attributes.takeInteger("axis") ?? 1
      draft.setInput(2, constant("axis", TensorData(shape: [], integers: [axis])))
    default: break
    }
  }

  /// The axes have become an input: for sums in operator set 13, for the others in 18.
  mutating func upgradeReduction() throws {
    guard opset < (draft.opType == "ReduceSum" ? 13 : 18) else { return }
    let axes = try draft.attributes.takeIntegers("axes") ?? []
    if !axes.isEmpty { draft.setInput(1, integers("axes", axes)) }
  }

  private mutating func move(_ name: String, to position: Int) throws {
    guard let values = try draft.attributes.takeIntegers(name) else { return }
    draft.setInput(position, integers(name, values))
  }

  private mutating func moveSlice() throws {
    guard let starts = try draft.attributes.takeIntegers("starts"),
      let ends = try draft.attributes.takeIntegers("ends")
    else { throw draft.failure(.malformed, "has no 'starts' or no 'ends'") }
    draft.setInput(1, integers("starts", starts))
    draft.setInput(2, integers("ends", ends))
    try move("axes", to: 3)
  }

  private mutating func movePad() throws {
    guard let amounts = try draft.attributes.takeIntegers("pads") ?? draft.attributes.takeIntegers("paddings") else {
      throw draft.failure(.malformed, "has no 'pads'")
    }
    draft.setInput(1, integers("pads", amounts))
    if let value = try draft.attributes.takeFloat("value"), value != 0 {
      draft.setInput(2, try number("value", decimalValue(value), like: 0))
    }
  }

  /// The limits were the largest float numbers where nothing was said, which is the same as none.
  private mutating func moveClip() throws {
    for (position, name) in ["min", "max"].enumerated() {
      guard let limit = try draft.attributes.takeFloat(name) else { continue }
      guard !limit.isNaN else { throw draft.failure(.malformed, "has \(limit) as its '\(name)'") }
      if abs(limit) >= Float.greatestFiniteMagnitude, (limit < 0) == (position == 0) { continue }
      draft.setInput(position + 1, try number(name, decimalValue(limit), like: 0))
    }
  }

  /// Before operator set 12 a dropout never acted outside of training.
  private mutating func moveDropout() throws {
    guard opset < 12 else { return }
    draft.attributes.drop("is_test")
    let ratio = try draft.attributes.takeFloat("ratio") ?? 0.5
    guard (0..<1).contains(ratio) else { throw draft.failure(.malformed, "drops a share of \(ratio)") }
    draft.setInput(1, constant("ratio", TensorData(shape: [], floats: [ratio])))
  }
}
