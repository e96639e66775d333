package struct Gemm: Sendable, Hashable {
  package var alpha: Double
  package var beta: Double
  package var transposesA: Bool
  /// True for PyTorch's linear layers, whose weight is `[out, in]`.
  package var transposesB: Bool

  package init(alpha: Double = 1, beta: Double = 1, transposesA: Bool = false, transposesB: Bool = true) {
    self.alpha = alpha
    self.beta = beta
    self.transposesA = transposesA
    self.transposesB = transposesB
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.decimal("alpha", &alpha, default: 1)
    try coder.decimal("beta", &beta, default: 1)
    try coder.flag("transA", &transposesA, default: false)
    try coder.flag("transB", &transposesB, default: false)
  }
}

package enum RecurrentCell: String, Sendable, Hashable, CaseIterable {
  case lstm = "LSTM"
  case gru = "GRU"
  case rnn = "RNN"

  /// Blocks of rows in the weights: LSTM i o f c, GRU z r h, RNN one.
  package var gates: Int {
    switch self {
    case .lstm: 4
    case .gru: 3
    case .rnn: 1
    }
  }
}

package struct Recurrent: Sendable, Hashable {
  package enum Direction: String, AttributeWord {
    case forward, reverse, bidirectional
    package var count: Int { self == .bidirectional ? 2 : 1 }
  }
  package enum Function: String, AttributeWord {
    case relu = "Relu"
    case tanh = "Tanh"
    case sigmoid = "Sigmoid"
    case affine = "Affine"
    case leakyRelu = "LeakyRelu"
    case thresholdedRelu = "ThresholdedRelu"
    case scaledTanh = "ScaledTanh"
    case hardSigmoid = "HardSigmoid"
    case elu = "Elu"
    case softsign = "Softsign"
    case softplus = "Softplus"
  }

  package var cell: RecurrentCell
  package var hiddenSize: Int?
  package var direction: Direction
  /// For each direction its functions in ONNX's order (LSTM f g h, GRU f g, RNN f); empty: the usual ones.
  package var activations: [Function]
  package var activationAlpha: [Double]
  package var activationBeta: [Double]
  /// Limits what goes into the activations to this absolute value.
  package var clip: Double?
  /// X is `[N, T, I]`, Y `[N, T, D, H]` and states are `[N, D, H]`.
  package var batchFirst: Bool
  /// LSTM: the forget gate is one minus the input gate.
  package var couplesInputAndForget: Bool
  /// GRU: the product with R comes before the reset gate (PyTorch's and cuDNN's way).
  package var linearBeforeReset: Bool

  package init(
    cell: RecurrentCell, hiddenSize: Int? = nil, direction: Direction = .forward, activations: [Function] = [],
    activationAlpha: [Double] = [], activationBeta: [Double] = [], clip: Double? = nil, batchFirst: Bool = false,
    couplesInputAndForget: Bool = false, linearBeforeReset: Bool = false
  ) {
    self.cell = cell
    self.hiddenSize = hiddenSize
    self.direction = direction
    self.activations = activations
    self.activationAlpha = activationAlpha
    self.activationBeta = activationBeta
    self.clip = clip
    self.batchFirst = batchFirst
    self.couplesInputAndForget = couplesInputAndForget
    self.linearBeforeReset = linearBeforeReset
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.decimals("activation_alpha", &activationAlpha)
    try coder.decimals("activation_beta", &activationBeta)
    try coder.words("activations", &activations)
    try coder.optionalDecimal("clip", &clip)
    try coder.word("direction", &direction, default: .forward)
    try coder.optionalInteger("hidden_size", &hiddenSize)
    try coder.flag("layout", &batchFirst, default: false)
    switch cell {
    case .lstm: try coder.flag("input_forget", &couplesInputAndForget, default: false)
    case .gru: try coder.flag("linear_before_reset", &linearBeforeReset, default: false)
    case .rnn: break
    }
  }
}

package struct Attention: Sendable, Hashable {
  package var isCausal: Bool
  package var queryHeads: Int?
  package var keyValueHeads: Int?
  package var leftWindow: Int
  package var rightWindow: Int
  /// What the fourth output holds: 0 the products, 1 with the mask, 2 after the soft cap, 3 after the softmax.
  package var productsMode: Int
  /// Nil: one over the root of the head size.
  package var scale: Double?
  package var softCap: Double
  package var softmaxPrecision: ElementType?

  package init(
    isCausal: Bool = false, queryHeads: Int? = nil, keyValueHeads: Int? = nil, leftWindow: Int = -1,
    rightWindow: Int = -1, productsMode: Int = 0, scale: Double? = nil, softCap: Double = 0,
    softmaxPrecision: ElementType? = nil
  ) {
    self.isCausal = isCausal
    self.queryHeads = queryHeads
    self.keyValueHeads = keyValueHeads
    self.leftWindow = leftWindow
    self.rightWindow = rightWindow
    self.productsMode = productsMode
    self.scale = scale
    self.softCap = softCap
    self.softmaxPrecision = softmaxPrecision
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.flag("is_causal", &isCausal, default: false)
    try coder.optionalInteger("kv_num_heads", &keyValueHeads)
    try coder.integer("left_window_size", &leftWindow, default: -1)
    try coder.optionalInteger("q_num_heads", &queryHeads)
    try coder.integer("qk_matmul_output_mode", &productsMode, default: 0)
    try coder.integer("right_window_size", &rightWindow, default: -1)
    try coder.optionalDecimal("scale", &scale)
    try coder.decimal("softcap", &softCap, default: 0)
    try coder.elementType("softmax_precision", &softmaxPrecision)
  }
}

package struct LinearAttention: Sendable, Hashable {
  package enum Rule: String, AttributeWord {
    case linear, gated, delta
    case gatedDelta = "gated_delta"
  }

  package var rule: Rule
  package var queryHeads: Int
  package var keyValueHeads: Int
  /// Zero: one over the root of the head size.
  package var scale: Double

  package init(rule: Rule = .gatedDelta, queryHeads: Int = 1, keyValueHeads: Int = 1, scale: Double = 0) {
    self.rule = rule
    self.queryHeads = queryHeads
    self.keyValueHeads = keyValueHeads
    self.scale = scale
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    // How much is computed at once; the result is the same.
    try coder.ignored("chunk_size")
    try coder.integer("kv_num_heads", &keyValueHeads, default: nil)
    try coder.integer("q_num_heads", &queryHeads, default: nil)
    try coder.decimal("scale", &scale, default: 0)
    try coder.word("update_rule", &rule, default: .gatedDelta)
  }
}

package struct RotaryEmbedding: Sendable, Hashable {
  package var interleaved: Bool
  /// Needed for inputs of three axes.
  package var heads: Int?
  /// How many of a head's elements turn; zero: all.
  package var rotatedSize: Int

  package init(interleaved: Bool = false, heads: Int? = nil, rotatedSize: Int = 0) {
    self.interleaved = interleaved
    self.heads = heads
    self.rotatedSize = rotatedSize
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.flag("interleaved", &interleaved, default: false)
    try coder.optionalInteger("num_heads", &heads)
    try coder.integer("rotary_embedding_dim", &rotatedSize, default: 0)
  }
}
