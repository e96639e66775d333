extension Operator {
  /// ONNX's name of the operator.
  package var onnxName: String {
    switch self {
    case .convolution: "Conv"
    case .transposedConvolution: "ConvTranspose"
    case .deformableConvolution: "DeformConv"
    case .causalConvolution: "CausalConvWithState"
    case .gemm: "Gemm"
    case .matrixProduct: "MatMul"
    case .einsum: "Einsum"
    case .recurrent(let recurrent): recurrent.cell.rawValue
    case .attention: "Attention"
    case .linearAttention: "LinearAttention"
    case .rotaryEmbedding: "RotaryEmbedding"
    case .quantizeLinear: "QuantizeLinear"
    case .dequantizeLinear: "DequantizeLinear"
    case .dynamicQuantizeLinear: "DynamicQuantizeLinear"
    case .integerConvolution: "ConvInteger"
    case .quantizedConvolution: "QLinearConv"
    case .integerMatrixProduct: "MatMulInteger"
    case .quantizedMatrixProduct: "QLinearMatMul"
    case .batchNormalization: "BatchNormalization"
    case .instanceNormalization: "InstanceNormalization"
    case .layerNormalization: "LayerNormalization"
    case .rmsNormalization: "RMSNormalization"
    case .groupNormalization: "GroupNormalization"
    case .localResponseNormalization: "LRN"
    case .lpNormalization: "LpNormalization"
    case .meanVarianceNormalization: "MeanVarianceNormalization"
    case .softmax: "Softmax"
    case .logSoftmax: "LogSoftmax"
    case .hardmax: "Hardmax"
    case .activation(let function): function.onnxName
    case .unary(let function): function.rawValue
    case .isInfinite: "IsInf"
    case .elementwise(let operation): operation.onnxName
    case .aggregate(let function): function.rawValue
    case .clip: "Clip"
    case .select: "Where"
    case .cast: "Cast"
    case .castLike: "CastLike"
    case .bitCast: "BitCast"
    case .identity: "Identity"
    case .dropout: "Dropout"
    case .reduce(let reduction): reduction.function.rawValue
    case .argExtreme(let extreme): extreme.isMaximum ? "ArgMax" : "ArgMin"
    case .cumulative(let cumulative): cumulative.isProduct ? "CumProd" : "CumSum"
    case .topK: "TopK"
    case .maxPool: "MaxPool"
    case .averagePool: "AveragePool"
    case .lpPool: "LpPool"
    case .globalAveragePool: "GlobalAveragePool"
    case .globalMaxPool: "GlobalMaxPool"
    case .globalLpPool: "GlobalLpPool"
    case .maxUnpool: "MaxUnpool"
    case .maxRegionPool: "MaxRoiPool"
    case .regionAlign: "RoiAlign"
    case .reshape: "Reshape"
    case .transpose: "Transpose"
    case .flatten: "Flatten"
    case .squeeze: "Squeeze"
    case .unsqueeze: "Unsqueeze"
    case .expand: "Expand"
    case .tile: "Tile"
    case .concat: "Concat"
    case .split: "Split"
    case .slice: "Slice"
    case .pad: "Pad"
    case .gather: "Gather"
    case .gatherElements: "GatherElements"
    case .gatherND: "GatherND"
    case .scatterElements: "ScatterElements"
    case .scatterND: "ScatterND"
    case .tensorScatter: "TensorScatter"
    case .depthToSpace: "DepthToSpace"
    case .spaceToDepth: "SpaceToDepth"
    case .resize: "Resize"
    case .gridSample: "GridSample"
    case .affineGrid: "AffineGrid"
    case .columnsToImage: "Col2Im"
    case .centerCropPad: "CenterCropPad"
    case .reverseSequence: "ReverseSequence"
    case .triangle: "Trilu"
    case .compress: "Compress"
    case .unique: "Unique"
    case .nonZero: "NonZero"
    case .oneHot: "OneHot"
    case .eyeLike: "EyeLike"
    case .range: "Range"
    case .constantOfShape: "ConstantOfShape"
    case .shape: "Shape"
    case .size: "Size"
    case .nonMaxSuppression: "NonMaxSuppression"
    case .determinant: "Det"
    case .fourierTransform: "DFT"
    case .shortTimeFourierTransform: "STFT"
    case .window(let window): window.function.rawValue
    case .melWeightMatrix: "MelWeightMatrix"
    case .softmaxCrossEntropyLoss: "SoftmaxCrossEntropyLoss"
    case .negativeLogLikelihoodLoss: "NegativeLogLikelihoodLoss"
    }
  }

  /// One of every operator that ONNX names, with default attributes; reading a file starts from these.
  ///
  /// A test holds this list to the enum: each facet's switch is exhaustive, but only a listed operator can be read.
  package static let catalogue: [Operator] = {
    var all: [Operator] = [
      .convolution(Convolution()), .transposedConvolution(TransposedConvolution()),
      .deformableConvolution(DeformableConvolution()), .causalConvolution(CausalConvolution()),
      .gemm(Gemm(transposesB: false)), .matrixProduct, .einsum(equation: ""), .attention(Attention()),
      .linearAttention(LinearAttention()), .rotaryEmbedding(RotaryEmbedding()), .quantizeLinear(QuantizeLinear()),
      .dequantizeLinear(DequantizeLinear()), .dynamicQuantizeLinear, .integerConvolution(Convolution()),
      .quantizedConvolution(Convolution()), .integerMatrixProduct, .quantizedMatrixProduct,
      .batchNormalization(BatchNormalization()), .instanceNormalization(epsilon: 1e-5),
      .layerNormalization(AxisNormalization()), .rmsNormalization(AxisNormalization()),
      .groupNormalization(GroupNormalization()), .localResponseNormalization(LocalResponseNormalization()),
      .lpNormalization(LpNormalization()), .meanVarianceNormalization(axes: [0, 2, 3]), .softmax(axis: -1),
      .logSoftmax(axis: -1), .hardmax(axis: -1), .isInfinite(detectsNegative: true, detectsPositive: true), .clip,
      .select, .cast(Cast()), .castLike(Cast()), .bitCast(to: .float32), .identity, .dropout, .topK(TopK()),
      .maxPool(Pooling()), .averagePool(Pooling()), .lpPool(Pooling(), p: 2), .globalAveragePool, .globalMaxPool,
      .globalLpPool(p: 2), .maxUnpool(Pooling()), .maxRegionPool(pooledShape: [], spatialScale: 1),
      .regionAlign(RegionAlign()), .reshape(allowsZero: false), .transpose(permutation: []), .flatten(axis: 1),
      .squeeze, .unsqueeze, .expand, .tile, .concat(axis: 0), .split(axis: 0), .slice, .pad(mode: .constant),
      .gather(axis: 0), .gatherElements(axis: 0), .gatherND(batchAxes: 0),
      .scatterElements(axis: 0, reduction: .none), .scatterND(reduction: .none),
      .tensorScatter(axis: -2, mode: .linear), .depthToSpace(blockSize: 1, mode: .depthFirst),
      .spaceToDepth(blockSize: 1, mode: .depthFirst), .resize(Resize()), .gridSample(GridSample()),
      .affineGrid(alignsCorners: false), .columnsToImage(ColumnsToImage()), .centerCropPad(axes: nil),
      .reverseSequence(batchAxis: 1, timeAxis: 0), .triangle(upper: true), .compress(axis: nil),
      .unique(axis: nil, sorted: true), .nonZero, .oneHot(axis: -1), .eyeLike(elementType: nil, diagonal: 0), .range,
      .constantOfShape(value: nil), .shape(start: 0, end: nil), .size, .nonMaxSuppression(centerPointBox: false),
      .determinant, .fourierTransform(inverse: false, oneSided: false), .shortTimeFourierTransform(oneSided: true),
      .melWeightMatrix(elementType: .float32), .softmaxCrossEntropyLoss(ClassificationLoss()),
      .negativeLogLikelihoodLoss(ClassificationLoss()),
    ]
    all += RecurrentCell.allCases.map { .recurrent(Recurrent(cell: $0)) }
    all += Activation.catalogue.map { .activation($0) }
    all += UnaryFunction.allCases.map { .unary($0) }
    all += Elementwise.catalogue.map { .elementwise($0) }
    all += Aggregate.allCases.map { .aggregate($0) }
    all += ReductionFunction.allCases.map { .reduce(Reduction($0)) }
    all += [true, false].map { .argExtreme(ArgExtreme(isMaximum: $0)) }
    all += [true, false].map { .cumulative(Cumulative(isProduct: $0)) }
    all += WindowFunction.allCases.map { .window(Window(function: $0)) }
    return all
  }()

  /// The operator of that ONNX name with default attributes; nil when it is not known.
  package static func named(_ onnxName: String) -> Operator? { byName[onnxName] }

  private static let byName = Dictionary(uniqueKeysWithValues: catalogue.map { ($0.onnxName, $0) })
}
