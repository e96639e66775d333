/// What a node computes: ONNX's operators in the meaning of its newest operator set, each with its attributes.
///
/// What ONNX takes as an input (a slice's starts, a clip's limits) is an input here too, usually a constant weight of the
/// graph. Every facet of an operator (attributes, shapes, MACs, weight roles, atoms, execution) switches over this enum
/// without a default, so a new case does not compile until each facet knows it.
package enum Operator: Sendable, Hashable {
  // MARK: Products

  /// Inputs: `[N, C, spatial...]`, weight `[O, C / groups, kernel...]`, optional bias `[O]`; 1, 2 or 3 spatial axes.
  case convolution(Convolution)
  /// Inputs: `[N, C, spatial...]`, weight `[C, O / groups, kernel...]`, optional bias `[O]`.
  case transposedConvolution(TransposedConvolution)
  /// Inputs: `[N, C, H, W]`, weight `[O, C / groups, kH, kW]`, offset, optional bias and mask.
  case deformableConvolution(DeformableConvolution)
  /// Inputs: `[N, C, L]`, weight `[C, 1, k]`, optional bias `[C]` and past `[N, C, k - 1]`; outputs: result, present.
  case causalConvolution(CausalConvolution)
  /// Inputs: A, B and optional C; alpha * op(A) * op(B) + beta * C with `[M, K]` x `[K, N]`.
  case gemm(Gemm)
  /// NumPy's matmul of two inputs.
  case matrixProduct
  case einsum(equation: String)
  /// Inputs: X `[T, N, I]`, W `[D, gates H, I]`, R `[D, gates H, H]`, then optional B `[D, 2 gates H]`, sequence lengths
  /// `[N]`, initial h `[D, N, H]`, and for an LSTM initial c and peepholes `[D, 3 H]`.
  /// Outputs, each optional: Y `[T, D, N, H]`, last h `[D, N, H]`, and for an LSTM last c.
  case recurrent(Recurrent)
  /// Inputs: Q, K, V, then optional mask, past key, past value, number of valid keys; 3 or 4 axes.
  /// Outputs: Y, then optional present key, present value, Q K products.
  case attention(Attention)
  /// Inputs: query, key, value `[B, T, heads x d]`, optional past state, decay, beta; outputs: result, present state.
  case linearAttention(LinearAttention)
  /// Inputs: X of 3 or 4 axes, cosines, sines, optional position ids.
  case rotaryEmbedding(RotaryEmbedding)

  // MARK: Quantised

  /// Inputs: x, scale, optional zero point.
  case quantizeLinear(QuantizeLinear)
  /// Inputs: x, scale, optional zero point.
  case dequantizeLinear(DequantizeLinear)
  /// Outputs: y (uint8), scale, zero point.
  case dynamicQuantizeLinear
  /// Inputs: x, w, optional zero points of x and w.
  case integerConvolution(Convolution)
  /// Inputs: x, its scale and zero point, w, its scale and zero point, y's scale and zero point, optional int32 bias.
  case quantizedConvolution(Convolution)
  /// Inputs: A, B, optional zero points of A and B.
  case integerMatrixProduct
  /// Inputs: a, its scale and zero point, b, its scale and zero point, y's scale and zero point.
  case quantizedMatrixProduct

  // MARK: Normalisation

  /// Inputs: `[N, C, ...]`, scale, bias, running mean and running variance, each `[C]`.
  case batchNormalization(BatchNormalization)
  /// Inputs: `[N, C, ...]`, scale `[C]`, bias `[C]`.
  case instanceNormalization(epsilon: Double)
  /// Inputs: X, scale, optional bias, over all axes from `axis` on. Outputs: Y, optional mean and inverse deviation.
  case layerNormalization(AxisNormalization)
  /// Inputs: X, scale, over all axes from `axis` on.
  case rmsNormalization(AxisNormalization)
  /// Inputs: `[N, C, ...]`, scale `[C]`, bias `[C]`.
  case groupNormalization(GroupNormalization)
  /// Across the channels of `[N, C, ...]`.
  case localResponseNormalization(LocalResponseNormalization)
  case lpNormalization(LpNormalization)
  case meanVarianceNormalization(axes: [Int])
  case softmax(axis: Int)
  case logSoftmax(axis: Int)
  case hardmax(axis: Int)

  // MARK: Element by element

  /// A non-linearity of one element.
  case activation(Activation)
  /// Another function of one element.
  case unary(UnaryFunction)
  case isInfinite(detectsNegative: Bool, detectsPositive: Bool)
  /// Two inputs, with NumPy's broadcasting.
  case elementwise(Elementwise)
  /// Any number of inputs, with NumPy's broadcasting.
  case aggregate(Aggregate)
  /// Inputs: x, optional minimum, optional maximum (scalars).
  case clip
  /// Inputs: condition, value where true, value where false, with NumPy's broadcasting.
  case select
  case cast(Cast)
  /// The first input in the second's type.
  case castLike(Cast)
  /// The same bytes as another type.
  case bitCast(to: ElementType)
  case identity
  /// Inputs: data, optional ratio (0.5 without), optional training flag, which we ignore: zeroes a share of the elements
  /// in training, the identity in evaluation. Outputs: data, optional mask.
  case dropout

  // MARK: Along axes

  /// Inputs: data, optional axes (all without).
  case reduce(Reduction)
  case argExtreme(ArgExtreme)
  /// Inputs: x, axis (a scalar).
  case cumulative(Cumulative)
  /// Inputs: x, k `[1]`. Outputs: values, indices.
  case topK(TopK)
  /// Inputs: data `[N, C, spatial...]`. Outputs: the maxima, optional indices.
  case maxPool(Pooling)
  case averagePool(Pooling)
  case lpPool(Pooling, p: Int)
  /// `[N, C, ...]` to `[N, C, 1, ...]`.
  case globalAveragePool
  case globalMaxPool
  case globalLpPool(p: Int)
  /// Inputs: values, indices, optional output shape.
  case maxUnpool(Pooling)
  /// Inputs: X `[N, C, H, W]`, regions `[R, 5]`.
  case maxRegionPool(pooledShape: [Int], spatialScale: Double)
  /// Inputs: X `[N, C, H, W]`, regions `[R, 4]`, batch indices `[R]`.
  case regionAlign(RegionAlign)

  // MARK: Shapes and positions

  /// Inputs: data, shape; 0 copies an axis of the input unless `allowsZero`, one -1 stands for the rest.
  case reshape(allowsZero: Bool)
  /// An empty permutation reverses the axes.
  case transpose(permutation: [Int])
  /// To two axes: the product of those before `axis`, and of the others.
  case flatten(axis: Int)
  /// Inputs: data, optional axes (all of size 1 without).
  case squeeze
  /// Inputs: data, axes.
  case unsqueeze
  /// Inputs: data, shape, with broadcasting in both directions.
  case expand
  /// Inputs: data, repeats.
  case tile
  case concat(axis: Int)
  /// Inputs: data, optional sizes; without sizes, as many equal parts as there are outputs, the last one smaller.
  case split(axis: Int)
  /// Inputs: data, starts, ends, optional axes, optional steps.
  case slice
  /// Inputs: data, amounts (before each axis, then after), optional value, optional axes.
  case pad(mode: PadMode)
  /// Inputs: data, indices.
  case gather(axis: Int)
  case gatherElements(axis: Int)
  case gatherND(batchAxes: Int)
  /// Inputs: data, indices, updates.
  case scatterElements(axis: Int, reduction: ScatterReduction)
  case scatterND(reduction: ScatterReduction)
  /// Inputs: past cache, update, optional write indices.
  case tensorScatter(axis: Int, mode: TensorScatterMode)
  case depthToSpace(blockSize: Int, mode: DepthOrder)
  case spaceToDepth(blockSize: Int, mode: DepthOrder)
  /// Inputs: X, optional region, optional scales, optional sizes.
  case resize(Resize)
  /// Inputs: X, grid.
  case gridSample(GridSample)
  /// Inputs: theta, size.
  case affineGrid(alignsCorners: Bool)
  /// Inputs: columns, image shape, block shape.
  case columnsToImage(ColumnsToImage)
  /// Inputs: data, shape; nil names all axes.
  case centerCropPad(axes: [Int]?)
  /// Inputs: data, sequence lengths.
  case reverseSequence(batchAxis: Int, timeAxis: Int)
  /// Inputs: data, optional diagonal.
  case triangle(upper: Bool)
  /// Inputs: data, condition; without an axis the data is flattened.
  case compress(axis: Int?)
  /// Outputs: values, optional first indices, inverse indices, counts.
  case unique(axis: Int?, sorted: Bool)
  case nonZero
  /// Inputs: indices, depth, values (off, on).
  case oneHot(axis: Int)
  case eyeLike(elementType: ElementType?, diagonal: Int)
  /// Inputs: start, limit, step.
  case range
  /// Inputs: shape. The value is one element; nil is a float zero.
  case constantOfShape(value: TensorData?)
  case shape(start: Int, end: Int?)
  case size

  // MARK: Others

  /// Inputs: boxes, scores, optional limits.
  case nonMaxSuppression(centerPointBox: Bool)
  case determinant
  /// Inputs: signal, optional length, optional axis.
  case fourierTransform(inverse: Bool, oneSided: Bool)
  /// Inputs: signal, frame step, optional window, optional frame length.
  case shortTimeFourierTransform(oneSided: Bool)
  /// Inputs: size.
  case window(Window)
  case melWeightMatrix(elementType: ElementType)
  /// Inputs: scores, labels, optional weights. Outputs: loss, optional log-probabilities.
  case softmaxCrossEntropyLoss(ClassificationLoss)
  /// Inputs: log-probabilities, targets, optional weights.
  case negativeLogLikelihoodLoss(ClassificationLoss)
}
