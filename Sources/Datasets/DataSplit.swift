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
  package var validation: Int
  package var order: Order

  package init(training: Int?, validation: Int, order: Order) {
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
  /// flatter every candidate: with `seenTraining` the test part is halved instead, the first half drawn for validation
  /// and the rest sealed, and `request.validation` is not used. Else validation comes out of the training part and all
  /// of the test part is sealed. Throws `DatasetError(.invalidSplit)` when there are too few examples.
  package init(trainingCount: Int, testCount: Int, request: SplitRequest, seenTraining: Bool) throws {
    let validationCount = seenTraining ? 0 : request.validation
    let wanted = request.training ?? max(trainingCount - validationCount, 0)
    guard wanted > 0, request.validation >= 0, wanted <= trainingCount - validationCount else {
      throw DatasetError(
        .invalidSplit,
        "\(wanted) training and \(validationCount) validation examples are wanted of \(trainingCount).",
        remedy: "Lower the counts under 'split'.")
    }
    guard seenTraining ? testCount >= 2 : validationCount > 0 else {
      throw DatasetError(
        .invalidSplit,
        seenTraining
          ? "The test part has \(testCount) examples, which cannot be halved."
          : "There are no validation examples, which choose between the candidates.",
        remedy: "Give at least one validation example.")
    }
    let order = Self.positions(trainingCount, request.order, stream: "split")
    training = DataSelection(part: .training, indices: Array(order[..<wanted]))
    if seenTraining {
      let test = Self.positions(testCount, request.order, stream: "split-test")
      validation = DataSelection(part: .test, indices: Array(test[..<(testCount / 2)]))
      sealed = DataSelection(part: .test, indices: Array(test[(testCount / 2)...]))
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
      return all.shuffled(using: &generator)
    }
  }
}
