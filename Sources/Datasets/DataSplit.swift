import Foundation
import Support

/// What a split is made from: how many examples train, how many choose between candidates, and in which order they are
/// drawn.
package struct SplitRequest: Sendable, Hashable {
  package enum Order: Sendable, Hashable {
    /// A shuffle by the seed's stream "split"; 0 is a seed like any other.
    case shuffled(seed: UInt64)
    /// The order of the file: the first examples train, the next validate.
    case file
  }

  /// Nil takes what is left beside the validation examples.
  package var training: Int?
  /// Nil takes what training leaves of the training part, or a sixth of it; of the test part a half.
  package var validation: Int?
  package var order: Order

  package init(training: Int?, validation: Int?, order: Order) {
    self.training = training
    self.validation = validation
    self.order = order
  }
}

/// Examples of one published part, by position in it, in the order in which they were drawn.
package struct DataSelection: Sendable, Hashable {
  package let part: DatasetPart
  package let indices: [Int32]
}

/// Which examples train, which the search may look at, and which stay sealed until the front is measured once at the
/// end.
package struct DataSplit: Sendable, Hashable {
  package let training: DataSelection
  package let validation: DataSelection
  package let sealed: DataSelection
  /// SHA-256 over parts and positions of all three.
  package let digest: Digest

  /// Splits sets of these sizes.
  ///
  /// Weights that have seen the whole training part know its examples by heart, so that validation on them would
  /// flatter every candidate: with `seenTraining` the examples drawn first of the test part validate instead and the rest
  /// of it is sealed. Else validation comes out of the training part and all of the test part is sealed. Throws
  /// `DatasetError(.invalidSplit)` when there are too few examples.
  package init(trainingCount: Int, testCount: Int, request: SplitRequest, seenTraining: Bool) throws {
    let rest = request.training.map { max(trainingCount - $0, 0) } ?? trainingCount / 6
    let validationCount = request.validation ?? (seenTraining ? testCount / 2 : rest)
    let held = seenTraining ? 0 : validationCount
    let wanted = request.training ?? max(trainingCount - held, 0)
    guard wanted > 0, validationCount >= 0, wanted <= trainingCount - held else {
      throw DatasetError(
        .invalidSplit,
        "\(wanted) training and \(held) validation examples are wanted of \(trainingCount).",
        remedy:
          "Lower the counts (--train and --validation, or 'split' in a spec); what they leave out, the network's file says of its own training."
      )
    }
    guard validationCount > 0 else {
      throw DatasetError(
        .invalidSplit, "There are no validation examples, which choose between the candidates.",
        remedy: "Give at least one validation example, and a test part of two where they are cut from it.")
    }
    guard !seenTraining || validationCount < testCount else {
      throw DatasetError(
        .invalidSplit,
        "\(validationCount) validation examples are wanted of a test part of \(testCount), of which at least one stays sealed.",
        remedy: "Lower the count (--validation, split.validation), or leave it out for half of the test part.")
    }
    let order = Self.positions(trainingCount, request.order, stream: "split")
    training = DataSelection(part: .training, indices: Array(order[..<wanted]))
    if seenTraining {
      let test = Self.positions(testCount, request.order, stream: "split-test")
      validation = DataSelection(part: .test, indices: Array(test[..<validationCount]))
      sealed = DataSelection(part: .test, indices: Array(test[validationCount...]))
    } else {
      validation = DataSelection(part: .training, indices: Array(order[wanted..<(wanted + validationCount)]))
      sealed = DataSelection(part: .test, indices: (0..<testCount).map(Int32.init))
    }
    var builder = DigestBuilder()
    for selection in [training, validation, sealed] {
      builder.update(Data("\(selection.part.rawValue) \(selection.indices.count)\n".utf8))
      builder.update(selection.indices.withUnsafeBytes { Data($0) })
    }
    digest = builder.finalize()
  }

  private static func positions(_ count: Int, _ order: SplitRequest.Order, stream: String) -> [Int32] {
    let all = (0..<count).map(Int32.init)
    switch order {
    case .file: return all
    case .shuffled(let seed):
      var generator = SeededGenerator(seed: seed, stream: stream)
      return generator.shuffled(all)
    }
  }
}
