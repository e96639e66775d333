import ModelGraph

// What masked networks have to know of numbers that are not finite.
extension Node {
  /// True for what can make infinities or NaN of finite numbers of usual size: a zero, a negative or a large one will do.
  func makesNonFinite(_ weights: [String: TensorData]) -> Bool {
    switch op {
    case .unary(let function):
      switch function {
      case .reciprocal, .squareRoot, .exponential, .logarithm, .tangent, .arcSine, .arcCosine, .hyperbolicSine,
        .hyperbolicCosine, .inverseHyperbolicCosine, .inverseHyperbolicTangent:
        true
      case .absolute, .negative, .sign, .errorFunction, .ceiling, .floor, .round, .sine, .cosine, .arcTangent,
        .inverseHyperbolicSine, .isNaN, .not, .bitwiseNot:
        false
      }
    case .elementwise(let operation):
      switch operation {
      case .divide, .power, .modulo: true
      default: false
      }
    case .reduce(let reduction): reduction.function == .logSum || reduction.function == .product
    case .lpNormalization, .bitCast: true
    case .cumulative(let cumulative): cumulative.isProduct
    case .batchNormalization(let attributes):
      // The root of a variance that is negative.
      inputs.count > 4 && weights[inputs[4]]?.floats.contains { Double($0) + attributes.epsilon <= 0 } == true
    default: false
    }
  }
}

extension Operator {
  /// The inputs whose channels a layer sums over, products and all: nothing of a channel is hidden by zeros in the other factor when
  /// it is not finite.
  var summedInputs: [Int] {
    switch self {
    case .convolution, .transposedConvolution, .deformableConvolution, .causalConvolution: [0]
    case .gemm, .matrixProduct: [0, 1]
    case .einsum: Array(0..<8)
    case .attention, .linearAttention: [0, 1, 2]
    case .recurrent: [0, 5, 6]
    default: []
    }
  }
}
