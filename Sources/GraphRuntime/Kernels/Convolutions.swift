import ModelGraph
import Tensors

extension KernelContext {
  func convolution(_ attributes: Convolution) throws -> KernelBody {
    try expectInputs(2...3)
    let groups = attributes.groups
    guard groups > 0, (attributes.strides + attributes.dilations).allSatisfy({ $0 > 0 }) else {
      throw failure("needs positive strides, dilations and groups")
    }
    if let plain = PlainConvolution(attributes) {
      return { call in
        [try plain.run(call.tensor(0), weight: call.tensor(1), bias: call.optional(2))]
      }
    }
    return { call in
      var x = try call.tensor(0)
      let weight = try call.tensor(1)
      let window = try WindowGeometry.sliding(
        over: x.spatialShape, kernel: weight.spatialShape, strides: attributes.strides,
        dilations: attributes.dilations, padding: attributes.padding)
      var padding = window.before
      if window.before != window.after || padding.contains(where: { $0 < 0 }) {
        // A border that differs between sides is made before the convolution.
        x = try x.pad(before: [0, 0] + window.before, after: [0, 0] + window.after)
        padding = padding.map { _ in 0 }
      }
      guard let op = ATenOperator.convolution(axes: padding.count) else {
        throw failure("has \(padding.count) spatial axes; convolutions run over 1, 2 or 3")
      }
      return [
        try op.one(
          .tensor(x), .tensor(weight), .optional(call.optional(2)), .integers(window.strides), .integers(padding),
          .integers(window.dilations), .integer(groups))
      ]
    }
  }

  func transposedConvolution(_ attributes: TransposedConvolution) throws -> KernelBody {
    try expectInputs(2...3)
    let groups = attributes.window.groups
    guard groups > 0 else { throw failure("has \(groups) groups") }
    return { call in
      let (x, weight) = (try call.tensor(0), try call.tensor(1))
      let window = try WindowGeometry.transposed(
        over: x.spatialShape, kernel: weight.spatialShape, strides: attributes.window.strides,
        dilations: attributes.window.dilations, padding: attributes.window.padding,
        outputPadding: attributes.outputPadding, outputShape: attributes.outputShape)
      let axes = window.kernel.count
      guard let op = ATenOperator.transposedConvolution(axes: axes) else {
        throw failure("has \(axes) spatial axes; transposed convolutions run over 1, 2 or 3")
      }
      func run(padding: [Int], extra: [Int], bias: Tensor?) throws -> Tensor {
        try op.one(
          .tensor(x), .tensor(weight), .optional(bias), .integers(window.strides), .integers(padding),
          .integers(extra), .integer(groups), .integers(window.dilations))
      }
      // What all windows reach, without a border cut off.
      let reach = (0..<axes).map { axis in
        window.strides[axis] * (x.size(axis + 2) - 1) + window.dilations[axis] * (window.kernel[axis] - 1) + 1
      }
      let extra = (0..<axes).map { window.output[$0] - (reach[$0] - 2 * window.before[$0]) }
      let isDirect = (0..<axes).allSatisfy {
        window.before[$0] >= 0 && extra[$0] >= 0 && extra[$0] < max(window.strides[$0], window.dilations[$0])
      }
      if isDirect { return [try run(padding: window.before, extra: extra, bias: call.optional(2))] }
      let none = Array(repeating: 0, count: axes)
      let whole = try run(padding: none, extra: none, bias: nil)
      let result = try whole.pad(
        before: [0, 0] + window.before.map { -$0 },
        after: [0, 0] + (0..<axes).map { window.output[$0] + window.before[$0] - reach[$0] })
      guard let bias = call.optional(2) else { return [result] }
      return [try result.add(bias.reshape([-1] + Array(repeating: 1, count: axes)))]
    }
  }
}

/// The common convolution: two spatial axes and a border that is known and equal on both sides.
private struct PlainConvolution {
  private let strides: (Int, Int)
  private let padding: (Int, Int)
  private let dilations: (Int, Int)
  private let groups: Int

  init?(_ attributes: Convolution) {
    let padding = attributes.padding
    let isKnown = padding.rule == .valid || (padding.rule == .explicit && padding.before == padding.after)
    let before = padding.rule == .valid || padding.before.isEmpty ? [0, 0] : padding.before
    let strides = attributes.strides.isEmpty ? [1, 1] : attributes.strides
    let dilations = attributes.dilations.isEmpty ? [1, 1] : attributes.dilations
    // Nothing but the kernel's shape would tell the number of axes if all of them were left out.
    guard isKnown, [attributes.kernel.count, attributes.strides.count, padding.before.count].contains(2),
      before.count == 2, strides.count == 2, dilations.count == 2, before.allSatisfy({ $0 >= 0 })
    else { return nil }
    self.strides = (strides[0], strides[1])
    self.padding = (before[0], before[1])
    self.dilations = (dilations[0], dilations[1])
    groups = attributes.groups
  }

  func run(_ x: Tensor, weight: Tensor, bias: Tensor?) throws -> Tensor {
    try x.convolution(
      weight: weight, bias: bias, strides: strides, padding: padding, dilations: dilations, groups: groups)
  }
}

extension Tensor {
  /// The sizes behind `[N, C]`.
  var spatialShape: [Int] { Array(shape.dropFirst(2)) }
}

extension ATenOperator {
  private static let convolutions = [
    ATenOperator("aten::conv1d"), ATenOperator("aten::conv2d"), ATenOperator("aten::conv3d"),
  ]
  private static let transposedConvolutions = [
    ATenOperator("aten::conv_transpose1d"), ATenOperator("aten::conv_transpose2d", "input"),
    ATenOperator("aten::conv_transpose3d", "input"),
  ]

  /// Nil for a number of spatial axes that libtorch has no convolution for.
  static func convolution(axes: Int) -> ATenOperator? {
    (1...3).contains(axes) ? convolutions[axes - 1] : nil
  }

  fileprivate static func transposedConvolution(axes: Int) -> ATenOperator? {
    (1...3).contains(axes) ? transposedConvolutions[axes - 1] : nil
  }
}
