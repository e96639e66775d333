import Datasets
import Foundation
import ModelGraph
import Search
import StudyModel
import Support

/// What can be known to be wrong before anything is written or started, beyond the words of the spec.
extension StudyPreparation {
  /// The images must have the size that the network's input says, and the scaling a value for each channel or one for all.
  func checkInput(_ dataset: ImageDataset) throws {
    let image = dataset.imageShape
    let shape = network.inputs.first?.shape ?? []
    let fits =
      network.inputs.count == 1 && shape.count == 4
      && zip(shape.dropFirst(), image).allSatisfy { axis, size in
        switch axis {
        case .fixed(let fixed): fixed == size
        case .symbolic: true
        }
      }
    guard fits else {
      throw CommandError(
        .malformedSpec,
        "The network '\(network.name)' takes \(inputText), but \(spec.data.text) has images of \(image) [C, H, W].",
        remedy: "Give the network that belongs to this data, or the data that the network was trained on.")
    }
    for (name, values) in [("mean", spec.input.mean), ("std", spec.input.std)]
    where values.count != 1 && values.count != dataset.channels {
      throw CommandError(
        .malformedSpec,
        "input.\(name) has \(values.count) values, and the images of \(spec.data.text) have "
          + "\(dataset.channels) \(dataset.channels == 1 ? "channel" : "channels").",
        remedy: "Write \(dataset.channels == 1 ? "one value" : "\(dataset.channels) values, or one for all channels").")
    }
  }

  /// The samples that the split asks for must be there.
  func checkSplit(_ counts: [DatasetPart: Int]) throws {
    let order = spec.split.keepsFileOrder ? SplitRequest.Order.file : .shuffled(seed: spec.split.seed)
    _ = try DataSplit(
      trainingCount: counts[.training] ?? 0, testCount: counts[.test] ?? 0,
      request: SplitRequest(training: spec.split.train, validation: spec.split.validation, order: order),
      seenTraining: spec.split.seenTraining)
  }

  /// Pruning only takes away: a lower bound above what the dense network has is out of reach.
  func checkConstraints() throws {
    for constraint in spec.constraints where constraint.relation == .atLeast {
      let dense: Int? =
        switch constraint.objective {
        case .parameters: network.parameterCount
        case .macs: try? network.multiplyAccumulates()
        case .accuracy, .size, .latency: nil
        }
      guard let dense, constraint.baselineFactor * Double(dense) + constraint.offset > Double(dense) else { continue }
      throw CommandError(
        .malformedSpec,
        "constraints: no network keeps '\(ConstraintGrammar.text(constraint))', since the dense one has "
          + "\(Units.count(dense)) \(constraint.objective.rawValue).",
        remedy: "Write <= for an upper bound, or a lower number.")
    }
  }

  /// What is no mistake and yet not what one wants, a sentence or two each.
  var warnings: [String] {
    var found: [String] = []
    let processors = ProcessInfo.processInfo.activeProcessorCount
    if spec.workers > processors {
      found.append(
        "\(spec.workers) workers share \(processors) \(processors == 1 ? "processor" : "processors"): they slow each other "
          + "down, and measured latencies with them. Up to \(processors) is usual (workers: or --workers).")
    }
    if let listed = spec.plans?.count, listed > sweep.count {
      found.append("\(listed - sweep.count) of \(listed) listed plans are the same as another one and run once.")
    }
    return found
  }

  private var inputText: String {
    network.inputs.map { input in
      let axes = input.shape.map { axis in
        switch axis {
        case .fixed(let size): "\(size)"
        case .symbolic(let name): name
        }
      }
      return "'\(input.name)' [\(axes.joined(separator: ", "))]"
    }.joined(separator: " and ")
  }
}
