import Datasets
import Foundation
import ModelGraph
import StudyModel
import Tensors

/// Part of a dataset as one byte tensor on the device, from which batches are assembled by tensor operators.
///
/// A pixel p becomes (p / scale - mean) / std. Augmentation comes after that, so a crop's border is zero in normalised
/// space, the mean colour, as in pipelines that pad normalised images (torchvision's transform pads black pixels instead).
/// Each image draws its own crop and its own mirroring.
package final class BatchSource {
  /// Samples.
  package let count: Int
  /// `[C, H, W]`.
  package let imageShape: [Int]
  package let classCount: Int
  package let device: Device

  /// Bytes, `[count, C, H, W]`.
  private let images: Tensor
  /// int64, `[count]`.
  private let labels: Tensor
  /// The normalisation as one product and one sum, each `[1, C, 1, 1]`.
  private let factor: Tensor
  private let offset: Tensor

  /// The samples of `dataset` at `indices`, in that order.
  ///
  /// Throws `TrainingError(.invalidData)` when there are none, an index or label is out of range, or the normalisation has
  /// neither one value nor one for each channel.
  package init(
    _ dataset: ImageDataset, indices: [Int32], input: InputNormalization = InputNormalization(), device: Device = .cpu
  ) throws {
    guard !indices.isEmpty else {
      throw TrainingError(
        .invalidData, "No samples of \(dataset.name) were chosen.", remedy: "Give this part of the split some samples.")
    }
    let imageShape = [dataset.channels, dataset.height, dataset.width]
    let size = imageShape.reduce(1, *)
    guard dataset.images.count == dataset.labels.count * size else {
      throw TrainingError(
        .invalidData,
        "\(dataset.name) holds \(dataset.images.count) bytes of images, which is not \(dataset.labels.count) of \(imageShape)."
      )
    }
    var bytes = Data(capacity: indices.count * size)
    var labels: [Int64] = []
    labels.reserveCapacity(indices.count)
    for index in indices {
      guard index >= 0, index < dataset.labels.count else {
        throw TrainingError(
          .invalidData, "Sample \(index) was chosen, but \(dataset.name) has \(dataset.labels.count).",
          remedy: "Make the split from this dataset.")
      }
      let label = dataset.labels[Int(index)]
      guard Int(label) < dataset.classCount else {
        throw TrainingError(
          .invalidData,
          "Sample \(index) of \(dataset.name) has label \(label), but there are \(dataset.classCount) classes.")
      }
      let start = dataset.images.startIndex + Int(index) * size
      bytes.append(dataset.images[start..<(start + size)])
      labels.append(Int64(label))
    }
    count = indices.count
    self.imageShape = imageShape
    classCount = dataset.classCount
    self.device = device
    images = try Tensor(bytes: bytes, shape: [count] + imageShape, type: .uint8, device: device)
    self.labels = try Tensor(int64s: labels, shape: [count], device: device)
    let mean = try Self.perChannel(input.mean, "mean", channels: dataset.channels)
    let std = try Self.perChannel(input.std, "std", channels: dataset.channels)
    guard input.scale.isFinite, input.scale != 0, std.allSatisfy({ $0.isFinite && $0 != 0 }) else {
      throw TrainingError(
        .invalidSettings, "Pixels cannot be divided by scale \(input.scale) and std \(input.std).",
        remedy: "Give numbers other than zero.")
    }
    let shape = [1, dataset.channels, 1, 1]
    factor = try Tensor(floats: std.map { Float(1 / (input.scale * $0)) }, shape: shape, device: device)
    offset = try Tensor(floats: zip(mean, std).map { Float(-$0 / $1) }, shape: shape, device: device)
  }

  /// The samples at `positions` (int64 `[B]`, into this source): normalised images `[B, C, H, W]` and int64 labels `[B]`.
  ///
  /// Augmentation needs a generator on the source's device; without one the images come as they are.
  package func batch(
    _ positions: Tensor, augmentation: Augmentation = Augmentation(), generator: TorchGenerator? = nil
  ) throws -> (images: Tensor, labels: Tensor) {
    try withoutGradients {
      var chosen = try images.indexSelect(0, positions).to(.float32).mul_(factor).add_(offset)
      if let generator, augmentation.flips || augmentation.cropPadding > 0 {
        chosen = try augmented(chosen, augmentation, generator)
      }
      return (chosen, try labels.indexSelect(0, positions))
    }
  }

  /// Positions given as numbers.
  package func batch(
    _ positions: some Sequence<Int64>, augmentation: Augmentation = Augmentation(), generator: TorchGenerator? = nil
  ) throws -> (images: Tensor, labels: Tensor) {
    let positions = Array(positions)
    return try batch(
      try Tensor(int64s: positions, shape: [positions.count], device: device), augmentation: augmentation,
      generator: generator)
  }

  /// Throws `TrainingError(.invalidData)` unless the network reads one input of this source's images, in batches of any size,
  /// and gives as many numbers for each as there are classes.
  package func check(fits graph: Graph) throws {
    guard graph.inputs.count == 1, let input = graph.inputs.first, let output = graph.outputs.first else {
      throw TrainingError(
        .invalidData, "\(graph.name) has \(graph.inputs.count) inputs and \(graph.outputs.count) outputs.",
        remedy: "Images need a network with one input and at least one output.")
    }
    if case .fixed(let size)? = input.shape.first {
      throw TrainingError(
        .invalidData, "\(graph.name) reads batches of exactly \(size).",
        remedy: "Export it with a batch axis that is free (a dynamic axis).")
    }
    let sizes: [Int?] = input.shape.dropFirst().map { if case .fixed(let size) = $0 { size } else { nil } }
    guard sizes.count == 3, zip(sizes, imageShape).allSatisfy({ $0 == nil || $0 == $1 }) else {
      throw TrainingError(
        .invalidData, "\(graph.name) reads '\(input.name)' of shape \(input.shape); the images are \(imageShape).",
        remedy: "Give data of the network's image size.")
    }
    let classes = try graph.shapes(binding: ["batch": 1])[output.name]?.last ?? 0
    guard classes >= classCount else {
      throw TrainingError(
        .invalidData, "\(graph.name) tells \(classes) classes apart; the data have \(classCount).",
        remedy: "Give data of the network's classes.")
    }
  }

  /// One gather over the padded images: row and column numbers of each image are shifted by its crop, and the columns run
  /// backwards where it is mirrored.
  private func augmented(_ images: Tensor, _ augmentation: Augmentation, _ generator: TorchGenerator) throws -> Tensor {
    let (batch, channels, height, width) = (images.shape[0], imageShape[0], imageShape[1], imageShape[2])
    let border = augmentation.cropPadding
    var source = images
    var rows = try Tensor(int64s: (0..<height).map(Int64.init), shape: [1, height], device: device)
    var columns = try Tensor(int64s: (0..<width).map(Int64.init), shape: [1, width], device: device)
    if augmentation.flips {
      let turned = try Tensor(int64s: (0..<width).map { Int64(width - 1 - 2 * $0) }, shape: [1, width], device: device)
      columns = try columns.add(try generator.integers([batch, 1], in: 0..<2).mul(turned))
    }
    if border > 0 {
      source = try source.pad(before: [0, 0, border, border], after: [0, 0, border, border])
      rows = try rows.add(try generator.integers([batch, 1], in: 0..<(2 * border + 1)))
      columns = try columns.add(try generator.integers([batch, 1], in: 0..<(2 * border + 1)))
    }
    let stride = try Tensor(int64s: [Int64(width + 2 * border)], shape: [1], device: device)
    let places = try rows.mul(stride).reshape([-1, 1, height, 1]).add(try columns.reshape([-1, 1, 1, width]))
    return
      try source
      .reshape([batch, channels, (height + 2 * border) * (width + 2 * border)])
      .gather(2, try places.reshape([-1, 1, height * width]).expand([batch, channels, height * width]))
      .reshape([batch, channels, height, width])
  }

  private static func perChannel(_ values: [Double], _ name: String, channels: Int) throws -> [Double] {
    if values.count == 1 { return Array(repeating: values[0], count: channels) }
    guard values.count == channels else {
      throw TrainingError(
        .invalidSettings, "The input's \(name) has \(values.count) values for \(channels) channels.",
        remedy: "Give one value, or one for each channel.")
    }
    return values
  }
}
