import CTorchShim

/// Functions of single elements; two operands broadcast as NumPy's do.
extension Tensor {
  package func relu() throws -> Tensor { try unary("relu", CT_RELU) }
  package func sigmoid() throws -> Tensor { try unary("sigmoid", CT_SIGMOID) }
  package func tanh() throws -> Tensor { try unary("tanh", CT_TANH) }
  package func neg() throws -> Tensor { try unary("neg", CT_NEG) }
  package func abs() throws -> Tensor { try unary("abs", CT_ABS) }
  package func square() throws -> Tensor { try unary("square", CT_SQUARE) }
  package func sqrt() throws -> Tensor { try unary("sqrt", CT_SQRT) }
  /// One over the square root.
  package func rsqrt() throws -> Tensor { try unary("rsqrt", CT_RSQRT) }
  package func exp() throws -> Tensor { try unary("exp", CT_EXP) }
  package func log() throws -> Tensor { try unary("log", CT_LOG) }
  /// -1, 0 or 1.
  package func sign() throws -> Tensor { try unary("sign", CT_SIGN) }
  package func floor() throws -> Tensor { try unary("floor", CT_FLOOR) }
  /// To the nearest whole number, halves to even.
  package func round() throws -> Tensor { try unary("round", CT_ROUND) }
  package func reciprocal() throws -> Tensor { try unary("reciprocal", CT_RECIPROCAL) }
  /// Boolean: neither infinite nor NaN.
  package func isFinite() throws -> Tensor { try unary("isfinite", CT_ISFINITE) }
  package func logicalNot() throws -> Tensor { try unary("logical not", CT_LOGICAL_NOT) }

  package func add(_ other: Tensor) throws -> Tensor { try binary("add", CT_ADD, other) }
  package func sub(_ other: Tensor) throws -> Tensor { try binary("sub", CT_SUB, other) }
  package func mul(_ other: Tensor) throws -> Tensor { try binary("mul", CT_MUL, other) }
  package func div(_ other: Tensor) throws -> Tensor { try binary("div", CT_DIV, other) }
  package func pow(_ other: Tensor) throws -> Tensor { try binary("pow", CT_POW, other) }
  package func maximum(_ other: Tensor) throws -> Tensor { try binary("maximum", CT_MAXIMUM, other) }
  package func minimum(_ other: Tensor) throws -> Tensor { try binary("minimum", CT_MINIMUM, other) }

  package func add(_ number: Double) throws -> Tensor { try scalar("add", CT_ADD, number) }
  package func sub(_ number: Double) throws -> Tensor { try scalar("sub", CT_SUB, number) }
  package func mul(_ number: Double) throws -> Tensor { try scalar("mul", CT_MUL, number) }
  package func div(_ number: Double) throws -> Tensor { try scalar("div", CT_DIV, number) }
  package func pow(_ exponent: Double) throws -> Tensor { try scalar("pow", CT_POW, exponent) }
  package func maximum(_ number: Double) throws -> Tensor { try scalar("maximum", CT_MAXIMUM, number) }
  package func minimum(_ number: Double) throws -> Tensor { try scalar("minimum", CT_MINIMUM, number) }

  // Comparisons give booleans.
  package func eq(_ other: Tensor) throws -> Tensor { try binary("eq", CT_EQ, other) }
  package func ne(_ other: Tensor) throws -> Tensor { try binary("ne", CT_NE, other) }
  package func lt(_ other: Tensor) throws -> Tensor { try binary("lt", CT_LT, other) }
  package func le(_ other: Tensor) throws -> Tensor { try binary("le", CT_LE, other) }
  package func gt(_ other: Tensor) throws -> Tensor { try binary("gt", CT_GT, other) }
  package func ge(_ other: Tensor) throws -> Tensor { try binary("ge", CT_GE, other) }
  package func eq(_ number: Double) throws -> Tensor { try scalar("eq", CT_EQ, number) }
  package func ne(_ number: Double) throws -> Tensor { try scalar("ne", CT_NE, number) }
  package func lt(_ number: Double) throws -> Tensor { try scalar("lt", CT_LT, number) }
  package func le(_ number: Double) throws -> Tensor { try scalar("le", CT_LE, number) }
  package func gt(_ number: Double) throws -> Tensor { try scalar("gt", CT_GT, number) }
  package func ge(_ number: Double) throws -> Tensor { try scalar("ge", CT_GE, number) }
  package func and(_ other: Tensor) throws -> Tensor { try binary("and", CT_LOGICAL_AND, other) }
  package func or(_ other: Tensor) throws -> Tensor { try binary("or", CT_LOGICAL_OR, other) }

  /// `slope` times the input where that is negative.
  package func leakyRelu(slope: Double) throws -> Tensor {
    try make("leaky relu", self) { ct_leaky_relu($0, slope, $1) }
  }

  /// Limits every element to `low...high`.
  package func clamp(_ low: Double, _ high: Double) throws -> Tensor {
    try make("clamp", self) { ct_clamp($0, low, high, $1) }
  }

  /// Elements of `x` where this boolean tensor is true, else of `y`.
  package func select(_ x: Tensor, else y: Tensor) throws -> Tensor {
    try make("where", self, x, y) { ct_where($0, $1, $2, $3) }
  }

  private func unary(_ name: StaticString, _ function: CTUnary) throws -> Tensor {
    try make(name, self) { ct_unary(function, $0, $1) }
  }

  private func binary(_ name: StaticString, _ function: CTBinary, _ other: Tensor) throws -> Tensor {
    try make(name, self, other) { ct_binary(function, $0, $1, $2) }
  }

  private func scalar(_ name: StaticString, _ function: CTBinary, _ number: Double) throws -> Tensor {
    try make(name, self) { ct_binary_scalar(function, $0, number, $1) }
  }
}

extension Tensor {
  package static func + (left: Tensor, right: Tensor) throws -> Tensor { try left.add(right) }
  package static func - (left: Tensor, right: Tensor) throws -> Tensor { try left.sub(right) }
  package static func * (left: Tensor, right: Tensor) throws -> Tensor { try left.mul(right) }
  package static func / (left: Tensor, right: Tensor) throws -> Tensor { try left.div(right) }
  package static func + (left: Tensor, right: Double) throws -> Tensor { try left.add(right) }
  package static func - (left: Tensor, right: Double) throws -> Tensor { try left.sub(right) }
  package static func * (left: Tensor, right: Double) throws -> Tensor { try left.mul(right) }
  package static func / (left: Tensor, right: Double) throws -> Tensor { try left.div(right) }
}
