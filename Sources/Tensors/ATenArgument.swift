/// One argument of an operator that is called by name. Numbers, flags, texts and lists of sizes are written as literals;
/// nil is an optional argument that is left out.
package enum ATenArgument {
  case none
  case tensor(Tensor)
  case optional(Tensor?)
  case tensors([Tensor])
  /// For indices by axis, say: nil takes the whole axis.
  case optionalTensors([Tensor?])
  case integer(Int)
  case decimal(Double)
  case flag(Bool)
  case integers([Int])
  case decimals([Double])
  case flags([Bool])
  case type(ScalarType)
  case text(String)
  case device(Device)
  case generator(TorchGenerator)

  /// The tensors in it, for messages.
  var tensors: [Tensor] {
    switch self {
    case .tensor(let tensor): [tensor]
    case .optional(let tensor): tensor.map { [$0] } ?? []
    case .tensors(let tensors): tensors
    case .optionalTensors(let tensors): tensors.compactMap { $0 }
    case .none, .integer, .decimal, .flag, .integers, .decimals, .flags, .type, .text, .device, .generator: []
    }
  }
}

extension ATenArgument: ExpressibleByNilLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral
{
  package init(nilLiteral: ()) { self = .none }
  package init(integerLiteral value: Int) { self = .integer(value) }
  package init(floatLiteral value: Double) { self = .decimal(value) }
  package init(booleanLiteral value: Bool) { self = .flag(value) }
  package init(stringLiteral value: String) { self = .text(value) }
  package init(arrayLiteral elements: Int...) { self = .integers(elements) }
}
