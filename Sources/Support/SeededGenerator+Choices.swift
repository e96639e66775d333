extension SeededGenerator {
  /// An integer in 0..<bound, each equally likely; `bound` must be positive.
  ///
  /// Lemire's nearly divisionless method (2019, "Fast random integer generation in an interval", algorithm 5): the upper word
  /// of number * bound, drawn again while the lower word is below 2^64 mod bound.
  package mutating func integer(below bound: UInt64) -> UInt64 {
    precondition(bound > 0, "an integer below 0")
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
    }
    return product.high
  }

  /// The same for signed integers.
  package mutating func integer(below bound: Int) -> Int {
    precondition(bound > 0, "an integer below \(bound)")
    return Int(integer(below: UInt64(bound)))
  }

  /// Puts the values into an order of which all are equally likely.
  ///
  /// Fisher and Yates's shuffle as Durstenfeld (1964) has it, from the first place to the last but one: each takes one of the
  /// values from its own place on.
  package mutating func shuffle<Value>(_ values: inout [Value]) {
    for place in values.indices.dropLast() {
      values.swapAt(place, place + integer(below: values.count - place))
    }
  }

  package mutating func shuffled<Value>(_ values: some Sequence<Value>) -> [Value] {
    var result = Array(values)
    shuffle(&result)
    return result
  }

  /// One of the values, each equally likely; nil of none, and then no number is drawn.
  package mutating func element<Value>(of values: [Value]) -> Value? {
    values.isEmpty ? nil : values[integer(below: values.count)]
  }
}
