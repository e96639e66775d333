import CTorchShim

/// The layers of convolutional networks; pairs are (height, width).
extension Tensor {
  /// `[N, C, H, W]` with weight `[O, C / groups, kH, kW]` and bias `[O]` to `[N, O, H', W']`.
  package func convolution(
    weight: Tensor, bias: Tensor? = nil, strides: (Int, Int) = (1, 1), padding: (Int, Int) = (0, 0),
    dilations: (Int, Int) = (1, 1), groups: Int = 1
  ) throws -> Tensor {
    try make("convolution", self, weight, bias) {
      ct_conv2d(
        $0, $1, $2, strides.0, strides.1, padding.0, padding.1, dilations.0, dilations.1, groups, $3)
    }
  }

  /// `[..., I]` with weight `[O, I]` and bias `[O]` to `[..., O]`.
  package func linear(weight: Tensor, bias: Tensor? = nil) throws -> Tensor {
    try make("linear", self, weight, bias) { ct_linear($0, $1, $2, $3) }
  }

  /// Normalises `[N, C, ...]` over every axis but C; the four vectors are `[C]`.
  ///
  /// In training the batch's own statistics are used and, when `mean` and `variance` are given, they are moved towards
  /// the batch's mean and *unbiased* variance by `momentum`, the share of the new, as PyTorch does.
  package func batchNorm(
    weight: Tensor?, bias: Tensor?, mean: Tensor?, variance: Tensor?, training: Bool, momentum: Double = 0.1,
    epsilon: Double = 1e-5
  ) throws -> Tensor {
    try withExtendedLifetime((self, weight, bias, mean, variance)) {
      var result: OpaquePointer?
      try check(
        ct_batch_norm(
          handle, weight?.handle, bias?.handle, mean?.handle, variance?.handle, training, momentum, epsilon, &result),
        "batch normalisation", [self, weight, bias, mean, variance])
      return try owned(result, "batch normalisation")
    }
  }

  /// The largest of each window of `[N, C, H, W]`; padding is at most half the kernel and never wins.
  package func maxPool(
    kernel: (Int, Int), strides: (Int, Int), padding: (Int, Int) = (0, 0), ceilMode: Bool = false
  ) throws -> Tensor {
    try make("max pool", self) {
      ct_max_pool2d($0, kernel.0, kernel.1, strides.0, strides.1, padding.0, padding.1, ceilMode, $1)
    }
  }

  /// The mean of each window of `[N, C, H, W]`; a `divisor` replaces the number of averaged elements.
  package func averagePool(
    kernel: (Int, Int), strides: (Int, Int), padding: (Int, Int) = (0, 0), ceilMode: Bool = false,
    countsPadding: Bool = false, divisor: Int? = nil
  ) throws -> Tensor {
    try make("average pool", self) {
      ct_avg_pool2d(
        $0, kernel.0, kernel.1, strides.0, strides.1, padding.0, padding.1, ceilMode, countsPadding, divisor ?? 0, $1)
    }
  }

  /// `[N, C, H, W]` to `[N, C * kH * kW, positions]`: what each position of a convolution's kernel sees.
  package func unfold(
    kernel: (Int, Int), strides: (Int, Int) = (1, 1), padding: (Int, Int) = (0, 0), dilations: (Int, Int) = (1, 1)
  ) throws -> Tensor {
    try make("unfold", self) {
      ct_unfold(
        $0, kernel.0, kernel.1, strides.0, strides.1, padding.0, padding.1, dilations.0, dilations.1, $1)
    }
  }

  package func softmax(_ axis: Int) throws -> Tensor {
    try make("softmax", self) { ct_softmax($0, axis, $1) }
  }

  package func logSoftmax(_ axis: Int) throws -> Tensor {
    try make("log softmax", self) { ct_log_softmax($0, axis, $1) }
  }
}
