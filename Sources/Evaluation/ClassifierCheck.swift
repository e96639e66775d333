import Datasets
import ModelGraph

extension Graph {
  /// The network with its batch axis free, after checking that it classifies such images.
  ///
  /// A file that was exported for one image at a time runs on any number: no operator that we read depends on the
  /// batch. Throws `EvaluationError(.networkDoesNotFit)` with both shapes unless there is one float32 input
  /// `[N, C, H, W]` of the images' size and the first output is `[N, classes]`.
  package func checkedClassifier(of dataset: ImageDataset, classCount: Int) throws -> Graph {
    let image = [dataset.channels, dataset.height, dataset.width]
    guard inputs.count == 1, inputs[0].elementType == .float32, inputs[0].shape.count == 4 else {
      throw misfit("takes \(inputText)", "one float32 input [N, C, H, W]", dataset)
    }
    for (axis, size) in image.enumerated() where inputs[0].shape[axis + 1] != .fixed(size) {
      // A free axis is right for any size that the layers behind it accept, which the shapes below show.
      if case .symbolic = inputs[0].shape[axis + 1] { continue }
      throw misfit("takes \(inputText)", "images of \(image)", dataset)
    }
    var result = self
    result.inputs[0].shape = [.symbolic("batch")] + image.map { .fixed($0) }
    let shapes = try result.shapes(binding: ["batch": 1])
    guard let output = outputs.first, let shape = shapes[output.name], shape == [1, classCount] else {
      let found = outputs.first.flatMap { shapes[$0.name] }.map { "\($0)" } ?? "nothing"
      throw misfit("gives \(found) for one image", "[1, \(classCount)]", dataset)
    }
    result.outputs[0].shape = [.symbolic("batch"), .fixed(classCount)]
    return result
  }

  private var inputText: String {
    inputs.map { input in
      let axes = input.shape.map { axis in
        switch axis {
        case .fixed(let size): "\(size)"
        case .symbolic(let name): name
        }
      }
      return "\(input.name) \(input.elementType.rawValue) [\(axes.joined(separator: ", "))]"
    }.joined(separator: " and ")
  }

  private func misfit(_ found: String, _ needed: String, _ dataset: ImageDataset) -> EvaluationError {
    EvaluationError(
      .networkDoesNotFit, "The network '\(name)' \(found), but \(dataset.name) needs \(needed).",
      remedy: "Give a network for this dataset, or the dataset that the network was trained on.")
  }
}
