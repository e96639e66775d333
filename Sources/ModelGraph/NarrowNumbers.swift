import Foundation

/// Numbers of narrow types from and to their codes, a byte each.
package enum NarrowNumbers {
  /// Nil for a type that is not narrow.
  package static func values(of codes: Data, as type: ElementType) -> [Float]? {
    if let bits = type.narrowIntegerBits {
      return codes.map { code in
        let value = Int(code) & ((1 << bits.count) - 1)
        return Float(bits.isSigned && value >= 1 << (bits.count - 1) ? value - (1 << bits.count) : value)
      }
    }
    guard let format = NarrowFloat(type) else { return nil }
    return codes.map(format.value)
  }

  /// Integers lose their fraction and then their high bits, or are limited to the type where `limits` says so; floats are rounded
  /// to the nearest. Nil for a type that is not narrow.
  package static func codes(
    of values: [Float], as type: ElementType, limits: Bool = false, saturates: Bool = true,
    rounding: Cast.Rounding = .up
  ) -> Data? {
    if let bits = type.narrowIntegerBits {
      let mask = (1 << bits.count) - 1
      let range = bits.isSigned ? -(1 << (bits.count - 1))...(mask >> 1) : 0...mask
      return Data(
        values.map { value in
          let whole = Int(exactly: value.rounded(.towardZero)) ?? (value > 0 ? range.upperBound : range.lowerBound)
          let limited = limits ? min(max(whole, range.lowerBound), range.upperBound) : whole
          return UInt8(truncatingIfNeeded: limited) & UInt8(mask)
        })
    }
    guard let format = NarrowFloat(type) else { return nil }
    return Data(values.map { format.code(of: $0, saturates: saturates, rounding: rounding) })
  }

  /// One code a byte from bytes that hold several, the first in the lowest bits; `count` codes.
  package static func unpacked(_ bytes: Data, bits: Int, count: Int) -> Data {
    let perByte = 8 / bits
    let packed = [UInt8](bytes)
    return Data(
      (0..<count).map { (packed[$0 / perByte] >> (UInt8($0 % perByte) * UInt8(bits))) & UInt8((1 << bits) - 1) })
  }

  /// The opposite of `unpacked`; what is left of the last byte is zero.
  package static func packed(_ codes: Data, bits: Int) -> Data {
    let perByte = 8 / bits
    var result = Data(count: (codes.count + perByte - 1) / perByte)
    for (index, code) in codes.enumerated() {
      result[result.startIndex + index / perByte] |=
        (code & UInt8((1 << bits) - 1)) << (UInt8(index % perByte) * UInt8(bits))
    }
    return result
  }
}
