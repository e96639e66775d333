import ChannelGroups
import ModelGraph
import StudyModel
import Tensors

/// Layer-wise reconstruction (Frantar and Alistarh 2023, "SparseGPT"): how much a layer's outputs on the calibration
/// data change without a weight, when the layer's other weights make up for it.
///
/// With the Hessian H = X X^T of the layer's inputs (`LayerInputs`; convolutions by windows, groups apart; damped by
/// 1%) an element's score is w^2 / u^2 with u on the diagonal of the upper Cholesky factor of H^-1: the error when
/// the columns before it are settled, by which the paper chooses its masks. All scores are taken on the dense weights
/// at once; the paper chooses block by block while it updates. A unit's score is the joint error of the columns Q
/// that read it, the sum over rows of w_Q^T ([H^-1]_QQ)^-1 w_Q, summed over its consumers (as in ZipLM, Kurtic and
/// others 2023). Weights read by layers without columns (`KernelMatrix`) count with H = 1 and are not updated.
/// Update: `LayerReconstruction`.
package struct SparseGPTImportance: CompensatingCriterion {
  package let criterion = Criterion.sparseGPT
  private let damping: Double
  private let exactLimit: Double

  /// `damping` is a share of the mean diagonal; `exactLimit` bounds the products for which updates are solved exactly.
  package init(damping: Double? = nil, exactLimit: Double? = nil) {
    self.damping = damping ?? LayerInputs.damping
    self.exactLimit = exactLimit ?? LayerReconstruction.exactLimit
  }

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    var scores: [String: [LayerScores]] = [:]
    let kernels = UnitSums.kernels(of: groups, .readers, in: context)
    let sums = groups.map { UnitSums($0, .readers, weights: kernels.contains) }
    let inputs = try LayerInputs.measured(kernels, in: context, damping: damping)
    for weight in kernels {
      let tensor = try context.tensor(weight).to(.float64)
      let errors = try inputs[weight].map { try ColumnErrors($0, tensor) }
      lazy var squares = Result { try tensor.square().doubles }
      for (group, sums) in zip(groups, sums) {
        let parts = sums.elements(in: weight, shape: tensor.shape)
        // Of rows that make a unit, which stand in where nothing reads it by columns, the squares count.
        let errors = sums.side == .readers ? errors : nil
        scores[group.name, default: []].append(
          LayerScores(
            layer: weight, units: parts.map(\.unit),
            scores: try parts.map { _, elements in
              try context.progress.report()
              if let errors { return try errors.error(without: Set(elements)) }
              let squares = try squares.get()
              return elements.reduce(0) { $0 + squares[$1] }
            }))
      }
    }
    return scores
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    let inputs = try LayerInputs.measured(weights, in: context, damping: damping)
    var scores: [String: [Float]] = [:]
    for weight in weights {
      let tensor = try context.tensor(weight).to(.float64)
      if let layer = inputs[weight] {
        let factor = try SymmetricMatrix.upperFactor(SymmetricMatrix(layer.hessian).inverted())
        let spread = try SymmetricMatrix.diagonal(factor).square().reshape([layer.view.groups, 1, layer.view.columns])
        let errors = try layer.view.matrix(of: tensor).square().div(spread)
        scores[weight] = try layer.view.weight(of: errors, shape: tensor.shape).to(.float32).floats
      } else {
        scores[weight] = try tensor.square().to(.float32).floats
      }
    }
    return scores
  }

  package func countsInUpdate(_ face: UnitFace) -> Bool { UnitSide.readers.counts(face) }

  package func compensated(_ masks: [String: [Bool]], in context: ScoringContext) throws -> [String: Tensor] {
    let inputs = try LayerInputs.measured(masks.keys.sorted(), in: context, damping: damping)
    var result: [String: Tensor] = [:]
    for (weight, mask) in masks {
      let tensor = try context.tensor(weight).to(.float64)
      let stays = try Tensor(doubles: mask.map { $0 ? 1 : 0 }, shape: tensor.shape, device: tensor.device)
      guard let layer = inputs[weight] else {
        result[weight] = try tensor.mul(stays)
        continue
      }
      let flags = try layer.view.matrix(of: stays).doubles.map { $0 == 1 }
      let updated = try LayerReconstruction(layer).updated(
        layer.view.matrix(of: tensor), mask: flags, exactLimit: exactLimit, progress: context.progress)
      result[weight] = try layer.view.weight(of: updated, shape: tensor.shape)
    }
    return result
  }
}

/// The joint errors of a layer's columns.
private struct ColumnErrors {
  let view: KernelMatrix
  /// By group, `[columns, columns]` and `[rows, columns]`.
  let inverses: [Tensor]
  let matrices: [Tensor]

  init(_ layer: LayerInputs, _ weight: Tensor) throws {
    view = layer.view
    let (view, all) = (layer.view, try SymmetricMatrix(layer.hessian).inverted())
    inverses = try (0..<view.groups).map { try all.slice(0, $0, $0 + 1).reshape([view.columns, view.columns]) }
    let matrix = try view.matrix(of: weight)
    matrices = try (0..<view.groups).map { try matrix.slice(0, $0, $0 + 1).reshape([view.rows, view.columns]) }
  }

  /// The growth of the outputs' squared error without the columns of these elements.
  func error(without elements: Set<Int>) throws -> Double {
    var columns: [Int: Set<Int>] = [:]
    for element in elements {
      let place = view.place(of: element)
      columns[place.group, default: []].insert(place.column)
    }
    var total = 0.0
    for (group, set) in columns.sorted(by: { $0.key < $1.key }) {
      let places = set.sorted()
      let indices = try Tensor(int64s: places.map(Int64.init), shape: [places.count], device: matrices[group].device)
      let removed = try matrices[group].indexSelect(1, indices).transpose().contiguous()
      let part = try SymmetricMatrix(SymmetricMatrix.part(inverses[group], places))
      total += try removed.mul(part.solving(removed)).sum().item()
    }
    return total
  }
}
