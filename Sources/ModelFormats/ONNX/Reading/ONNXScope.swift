/// The names that one graph, branch or function of a file defines, and what they are called in the network that is read,
/// where everything lies side by side.
struct ONNXScope {
  enum Kind {
    case network
    /// A branch sees the names of what surrounds it.
    case branch
    /// A function sees only its own.
    case function
  }

  let kind: Kind
  /// Operator sets by domain, ONNX's own under the empty name.
  let opsets: [String: Int]
  /// What stands before the names of a function's nodes and values.
  var prefix = ""
  /// The attributes of the call of the surrounding function, for its nodes to refer to.
  var callAttributes: [String: Onnx_AttributeProto] = [:]
  private(set) var names: [String: String] = [:]
  /// What the results of a branch or function are to be called, by their names inside.
  private var results: [String: String] = [:]

  init(_ kind: Kind, opsets: [String: Int]) {
    self.kind = kind
    self.opsets = opsets
  }

  var opset: Int { opsets[""] ?? 0 }

  /// The value `name` of this scope is `value` of the network.
  mutating func bind(_ name: String, to value: String) {
    names[name] = value
  }

  /// When `name` is defined here, it shall be called `value`; the first wish counts.
  mutating func wish(_ name: String, as value: String) {
    if results[name] == nil { results[name] = value }
  }

  /// What a value that is now defined here under `name` is called in the network. Nil when it was defined before.
  mutating func define(_ name: String, with allNames: ONNXNames) -> String? {
    guard names[name] == nil else { return nil }
    let value = results[name] ?? (kind == .network ? name : allNames.fresh(prefix + name))
    names[name] = value
    return value
  }
}
