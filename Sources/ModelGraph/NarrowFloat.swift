import Foundation

/// Floating-point numbers of 8 and 4 bits as ONNX has them: sign, a few bits of exponent and fraction, and what stands for NaN
/// and infinity. A code is a byte; of 4-bit numbers the low half.
package struct NarrowFloat: Sendable {
  /// The values of the codes 0 and up without a sign, ascending, as far as they are finite.
  private let magnitudes: [Float]
  /// Added to a magnitude's code for negative numbers; nil where there is no sign.
  private let signBit: UInt8?
  private let nan: UInt8?
  private let infinity: UInt8?
  private let hasNegativeZero: Bool

  /// Nil for types that are no narrow floats.
  package init?(_ type: ElementType) {
    switch type {
    case .float8e4m3fn: self.init(exponentBits: 4, fractionBits: 3, bias: 7, codes: 0x7f, nan: 0x7f)
    case .float8e4m3fnuz:
      self.init(exponentBits: 4, fractionBits: 3, bias: 8, codes: 0x80, nan: 0x80, hasNegativeZero: false)
    case .float8e5m2: self.init(exponentBits: 5, fractionBits: 2, bias: 15, codes: 0x7c, nan: 0x7e, infinity: 0x7c)
    case .float8e5m2fnuz:
      self.init(exponentBits: 5, fractionBits: 2, bias: 16, codes: 0x80, nan: 0x80, hasNegativeZero: false)
    case .float4e2m1: self.init(exponentBits: 2, fractionBits: 1, bias: 1, codes: 8, nan: nil, sign: 8)
    case .float8e8m0:
      // Powers of two without zero and sign.
      self.init(
        magnitudes: (0..<255).map { Float(sign: .plus, exponent: $0 - 127, significand: 1) }, signBit: nil, nan: 0xff)
    case .float32, .float64, .float16, .bfloat16, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64,
      .bool, .int4, .uint4, .int2, .uint2:
      return nil
    }
  }

  private init(
    exponentBits: Int, fractionBits: Int, bias: Int, codes: Int, nan: UInt8?, infinity: UInt8? = nil,
    hasNegativeZero: Bool = true, sign: UInt8 = 0x80
  ) {
    let steps = 1 << fractionBits
    let magnitudes = (0..<codes).map { code in
      let (exponent, fraction) = (code / steps, Float(code % steps) / Float(steps))
      let power = Float(sign: .plus, exponent: max(exponent, 1) - bias, significand: 1)
      return power * (exponent == 0 ? fraction : 1 + fraction)
    }
    self.init(
      magnitudes: magnitudes, signBit: sign, nan: nan, infinity: infinity, hasNegativeZero: hasNegativeZero)
  }

  private init(
    magnitudes: [Float], signBit: UInt8?, nan: UInt8?, infinity: UInt8? = nil, hasNegativeZero: Bool = false
  ) {
    self.magnitudes = magnitudes
    self.signBit = signBit
    self.nan = nan
    self.infinity = infinity
    self.hasNegativeZero = hasNegativeZero
  }

  package func value(of code: UInt8) -> Float {
    if code == nan, signBit == nil || !hasNegativeZero { return .nan }
    guard let signBit else { return Int(code) < magnitudes.count ? magnitudes[Int(code)] : .nan }
    let isNegative = code & signBit != 0
    let rest = Int(code & (signBit - 1))
    let magnitude: Float =
      rest < magnitudes.count ? magnitudes[rest] : UInt8(rest) == infinity ? .infinity : .nan
    return isNegative ? -magnitude : magnitude
  }

  /// The code of the nearest value, halves to the even code. What is too large becomes the largest value when it `saturates`, else
  /// infinity, or NaN where there is none; numbers of 4 bits always saturate.
  package func code(of value: Float, saturates: Bool = true, rounding: Cast.Rounding = .up) -> UInt8 {
    guard let signBit else { return exponentCode(of: value, saturates: saturates, rounding: rounding) }
    let isNegative = value.sign == .minus
    let sign: UInt8 = isNegative ? signBit : 0
    let largest = magnitudes.count - 1
    if value.isNaN { return nan.map { hasNegativeZero ? $0 | sign : $0 } ?? signBit }
    let magnitude = abs(value)
    // One step beyond the largest, so that what rounds up to it overflows.
    let beyond = 2 * magnitudes[largest] - magnitudes[largest - 1]
    var index: Int
    if magnitude >= beyond {
      index = largest + 1
    } else {
      var (low, high) = (0, largest + 1)
      func at(_ position: Int) -> Float { position <= largest ? magnitudes[position] : beyond }
      while high - low > 1 {
        let middle = (low + high) / 2
        if at(middle) <= magnitude { low = middle } else { high = middle }
      }
      let (below, above) = (magnitude - at(low), at(high) - magnitude)
      index = below < above || (below == above && low % 2 == 0) ? low : high
    }
    if index > largest {
      if saturates || nan == nil { return UInt8(largest) | sign }
      return infinity.map { $0 | sign } ?? nan.map { hasNegativeZero ? $0 | sign : $0 } ?? UInt8(largest)
    }
    if index == 0, !hasNegativeZero { return 0 }
    return UInt8(index) | sign
  }

  /// The exponent alone, of which the sign is lost; ONNX defines it on the bits of a float32.
  private func exponentCode(of value: Float, saturates: Bool, rounding: Cast.Rounding) -> UInt8 {
    let bits = value.bitPattern
    let exponent = Int((bits >> 23) & 0xff)
    if exponent == 0xff { return 0xff }
    let fraction = bits & 0x7f_ffff
    let goesUp: Bool
    switch rounding {
    case .down: goesUp = false
    case .up: goesUp = fraction > 0
    case .nearest: goesUp = fraction & 0x40_0000 != 0 && (fraction & 0x3f_ffff != 0 || exponent > 0)
    }
    if goesUp, saturates, exponent == 0xfe { return 0xfe }
    return UInt8(exponent + (goesUp ? 1 : 0))
  }
}
