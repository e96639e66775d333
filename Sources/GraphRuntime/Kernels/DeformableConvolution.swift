import ModelGraph
import Tensors

extension KernelContext {
  /// A convolution whose kernel points move by learned offsets and count by learned masks; any number of spatial axes.
  func deformableConvolution(_ attributes: DeformableConvolution) throws -> KernelBody {
    let window = attributes.window
    let (groups, offsetGroups) = (window.groups, attributes.offsetGroups)
    try expectInputs(3...5)
    return { call in
      let (x, weight, offset) = (try call.tensor(0), try call.tensor(1), try call.tensor(2))
      guard x.rank > 2, weight.rank == x.rank, offset.rank == x.rank else {
        throw failure("has X \(x.shape), weight \(weight.shape) and offsets \(offset.shape)")
      }
      let (batch, channels) = (x.shape[0], x.shape[1])
      let kernel = Array(weight.shape[2...])
      let axes = kernel.count
      let points = kernel.reduce(1, *)
      let positions = Array(offset.shape[2...])
      let count = positions.reduce(1, *)
      guard groups > 0, offsetGroups > 0, channels % offsetGroups == 0,
        channels == weight.shape[1] * groups, weight.shape[0] % groups == 0,
        offset.shape[1] == offsetGroups * points * axes
      else {
        throw failure(
          "has X \(x.shape), weight \(weight.shape) and offsets \(offset.shape), which do not go together in "
            + "\(groups) groups with \(offsetGroups) offset groups")
      }
      // Each sample's offset groups are images of their own: [N G, C / G, spatial...].
      let image = try x.reshape([batch * offsetGroups, channels / offsetGroups] + x.shape[2...])
      let moves = try offset.reshape([batch * offsetGroups, points, axes, count])
      let coordinates = try (0..<axes).map { axis in
        let still = Self.stillPlaces(
          axis: axis, kernel: kernel, positions: positions, stride: window.strides.at(axis) ?? 1,
          padding: window.padding.before.at(axis) ?? 0, dilation: window.dilations.at(axis) ?? 1)
        let grid = try Tensor(floats: still, shape: [1, points, count], device: x.device).to(offset.type)
        let move = try moves.slice(2, axis, axis + 1).removing(axis: 2)
        return try (grid + move).reshape([batch * offsetGroups, points * count])
      }
      var samples = try image.sampledLinearly(at: coordinates)
      if let mask = call.optional(4) {
        samples = try samples * mask.reshape([batch * offsetGroups, 1, points * count])
      }
      let columns = try samples.reshape([batch, groups, channels / groups * points, count])
      let rows = try weight.reshape([1, groups, weight.shape[0] / groups, -1])
      let result = try rows.matmul(columns.to(weight.type)).reshape([batch, weight.shape[0]] + positions)
      guard let bias = call.optional(3) else { return [result] }
      return [try result + bias.alongAxis(1, rank: result.rank)]
    }
  }

  /// Where the kernel's points lie on one axis before they move, for each point and position.
  private static func stillPlaces(
    axis: Int, kernel: [Int], positions: [Int], stride: Int, padding: Int, dilation: Int
  ) -> [Float] {
    let inner = (kernel[(axis + 1)...].reduce(1, *), positions[(axis + 1)...].reduce(1, *))
    let steps = (kernel: Float(dilation), window: Float(stride))
    return (0..<kernel.reduce(1, *)).flatMap { point in
      let start = Float(point / inner.0 % kernel[axis]) * steps.kernel - Float(padding)
      return (0..<positions.reduce(1, *)).map { start + Float($0 / inner.1 % positions[axis]) * steps.window }
    }
  }
}

extension Array {
  /// Nil beyond the end, where ONNX's empty lists mean a default.
  func at(_ position: Int) -> Element? {
    indices.contains(position) ? self[position] : nil
  }
}
