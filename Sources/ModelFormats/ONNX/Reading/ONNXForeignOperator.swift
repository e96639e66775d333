import ModelGraph

/// Says of an operator that we do not have why that is, and what can be done about it.
enum ONNXForeignOperator {
  static func refusal(of draft: ONNXDraft) -> ModelFormatError {
    let (reason, remedy) = draft.domain.isEmpty ? explanation(of: draft.opType) : foreign(draft.domain)
    return ModelFormatError(
      .unsupportedOperator,
      "Node '\(draft.name)' has the operator \(draft.label.operatorName) (operator set \(draft.opset)), \(reason).",
      remedy: remedy)
  }

  private static func explanation(of opType: String) -> (reason: String, remedy: String) {
    switch opType {
    case "Loop", "Scan":
      (
        "which repeats a part of the network as often as the data say",
        "Export the network with the loop unrolled, or with a recurrent layer (LSTM, GRU, RNN) in its place."
      )
    case "SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength",
      "SequenceMap", "SplitToSequence", "ConcatFromSequence", "Optional", "OptionalGetElement",
      "OptionalHasElement":
      (
        "which works on a list of tensors or on an optional one",
        "Export the network without lists and optional values; a stack or concatenation often does the same."
      )
    case "StringConcat", "StringNormalizer", "StringSplit", "RegexFullMatch", "TfIdfVectorizer", "ImageDecoder",
      "LabelEncoder":
      (
        "which prepares raw data for a network",
        "Leave the preparation out of the network, export again, and give it the prepared data."
      )
    case "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli":
      (
        "which draws random numbers, so that nothing can be checked against the network",
        "Make the random numbers an input of the network, and export again."
      )
    case "GRUUnit":
      ("which is one step of a recurrence and was removed from ONNX", "Export the network with a GRU in its place.")
    case "ATen":
      (
        "which calls PyTorch and was removed from ONNX",
        "Export the network again with a newer PyTorch, or replace that function by others."
      )
    case "Gradient", "Adam", "Adagrad", "Momentum":
      ("which trains", "Export the network in evaluation mode.")
    default:
      (
        "which is not known",
        "Replace it in the network by known operators, or leave out the part that needs it, and export again."
      )
    }
  }

  private static func foreign(_ domain: String) -> (reason: String, remedy: String) {
    (
      "which belongs to '\(domain)' and not to ONNX",
      domain == "com.microsoft"
        ? "It was put there by ONNX Runtime's optimiser: take the network from before the optimisation."
        : "Export the network with ONNX's own operators, or with the function that defines it."
    )
  }
}
