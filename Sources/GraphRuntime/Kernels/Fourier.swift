import Foundation
import ModelGraph
import Tensors

private let fft = ATenOperator("aten::fft_fft")
private let inverseFFT = ATenOperator("aten::fft_ifft")
private let realFFT = ATenOperator("aten::fft_rfft")
private let inverseRealFFT = ATenOperator("aten::fft_irfft")
private let viewAsComplex = ATenOperator("aten::view_as_complex")
private let viewAsReal = ATenOperator("aten::view_as_real")
private let unfold = ATenOperator("aten::unfold")

extension KernelContext {
  /// Along one axis of `[..., 1]` real or `[..., 2]` complex numbers.
  func fourierTransform(inverse: Bool, oneSided: Bool) throws -> KernelBody {
    try expectInputs(1...3)
    return { call in
      let given = try call.tensor(0)
      let rank = given.rank
      let axis = try Tensor.position(ofAxis: call.optional(2) == nil ? -2 : call.integer(2), rank: rank)
      guard let axis, axis < rank - 1, let last = given.shape.last, last == 1 || last == 2 else {
        throw failure(
          "has an input of shape \(given.shape); its last axis must hold 1 or 2 numbers and is not transformed")
      }
      var length = given.shape[axis]
      if inverse && oneSided { length = 2 * (length - 1) }
      if call.optional(1) != nil { length = try call.integer(1) }
      let size: ATenArgument = .integer(length)
      let isReal = last == 1
      let x = try given.precise.asNumbers()
      let along: ATenArgument = .integer(axis)
      let result: Tensor
      switch (inverse, oneSided) {
      case (true, true): result = try inverseRealFFT.one(.tensor(x), size, along).inserting(axis: -1)
      case (true, false): result = try viewAsReal.one(.tensor(inverseFFT.one(.tensor(x), size, along)))
      case (false, true) where isReal: result = try viewAsReal.one(.tensor(realFFT.one(.tensor(x), size, along)))
      case (false, _):
        let whole = try viewAsReal.one(.tensor(fft.one(.tensor(x), size, along)))
        result = oneSided ? try whole.slice(axis, 0, length / 2 + 1) : whole
      }
      return [try result.to(given.type)]
    }
  }

  /// The transforms of windows along a signal `[N, L, 1 or 2]`: `[N, frames, bins, 2]`.
  func shortTimeFourierTransform(oneSided: Bool) throws -> KernelBody {
    try expectInputs(2...4)
    return { call in
      let given = try call.tensor(0)
      let window = try call.optional(2).map { try $0.precise }
      var length = window?.elementCount ?? (given.rank == 3 ? given.shape[1] : 0)
      if call.optional(3) != nil { length = try call.integer(3) }
      let step = try call.integer(1)
      guard given.rank == 3, [1, 2].contains(given.shape[2]), (1...max(given.shape[1], 1)).contains(length), step > 0,
        window == nil || window?.elementCount == length
      else {
        throw failure("has a signal of shape \(given.shape), frames of \(length) and a step of \(step)")
      }
      let isReal = given.shape[2] == 1
      let frames = try unfold.one(
        .tensor(given.precise.asNumbers()), .integer(1), .integer(length), .integer(step))
      let weighted = try window.map { try frames * $0.reshape([-1]) } ?? frames
      let transform = isReal && oneSided ? realFFT : fft
      let bins = try viewAsReal.one(.tensor(transform.one(.tensor(weighted), .integer(length), .integer(-1))))
      return [try (oneSided ? bins.slice(2, 0, length / 2 + 1) : bins).to(given.type)]
    }
  }

  /// Hann, Hamming or Blackman: a sum of cosines.
  func window(_ attributes: Window) throws -> KernelBody {
    try expectInputs(1...1)
    let terms: [Double] =
      switch attributes.function {
      case .hann: [0.5, -0.5]
      case .hamming: [25.0 / 46, -21.0 / 46]
      case .blackman: [0.42, -0.5, 0.08]
      }
    return { call in
      let size = try call.integer(0)
      guard (0...(1 << 26)).contains(size) else { throw failure("has the size \(size)") }
      let period = Double(attributes.isPeriodic ? size : max(size - 1, 1))
      let values = (0..<size).map { position in
        terms.enumerated().reduce(0.0) { sum, term in
          sum + term.element * cos(2 * .pi * Double(term.offset) * Double(position) / period)
        }
      }
      let device = try call.tensor(0).device
      return [try Tensor(doubles: values, device: device).to(ScalarType(attributes.elementType))]
    }
  }

  /// Triangles between frequencies at equal distances on the mel scale: `[bins of the spectrum, mel bins]`.
  func melWeightMatrix(elementType: ElementType) throws -> KernelBody {
    try expectInputs(5...5)
    return { call in
      let (bands, length, rate) = (try call.integer(0), try call.integer(1), try call.integer(2))
      let (lowest, highest) = (try call.tensor(3).item(), try call.tensor(4).item())
      let sizes = 1...(1 << 26)
      guard sizes.contains(bands), sizes.contains(length), bands * length <= sizes.upperBound, rate > 0, lowest >= 0,
        highest >= lowest, highest < 1e9
      else {
        throw failure(
          "has \(bands) bands over a transform of \(length) at \(rate) samples a second, from \(lowest) to \(highest)")
      }
      let bins = length / 2 + 1
      func mel(_ hertz: Double) -> Double { 2595 * log10(1 + hertz / 700) }
      let start = mel(lowest)
      let step = (mel(highest) - start) / Double(bands + 2)
      // The spectrum's bins at which triangles begin, peak and end.
      let edges = (0..<(bands + 2)).map { band in
        let hertz = 700 * (pow(10, (start + Double(band) * step) / 2595) - 1)
        return Int((Double(length + 1) * hertz / Double(rate)).rounded(.down))
      }
      var values = [Double](repeating: 0, count: bins * bands)
      for band in 0..<bands {
        let (low, peak, high) = (edges[band], edges[band + 1], edges[band + 2])
        for bin in low..<max(high, peak + 1) where bin < bins {
          let rising = peak == low ? 1 : Double(bin - low) / Double(peak - low)
          let falling = high == peak ? 0 : Double(high - bin) / Double(high - peak)
          values[bin * bands + band] = bin < peak || high == peak ? rising : falling
        }
      }
      let device = try call.tensor(0).device
      return [
        try Tensor(doubles: values, device: device).reshape([bins, bands]).to(ScalarType(elementType))
      ]
    }
  }
}

extension Tensor {
  /// Without the last axis: real numbers from one, complex ones from two.
  fileprivate func asNumbers() throws -> Tensor {
    try shape.last == 1 ? removing(axis: -1) : viewAsComplex.one(.tensor(contiguous()))
  }
}
