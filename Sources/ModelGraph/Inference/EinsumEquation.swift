/// An Einsum's equation for operands of known rank: which index runs along each axis.
package struct EinsumEquation: Sendable, Hashable {
  package enum Index: Sendable, Hashable {
    case letter(Character)
    /// An axis of the ellipsis, counted from its end.
    case ellipsis(Int)
  }

  /// For each operand the index of each axis; an index that repeats takes the diagonal.
  package let operands: [[Index]]
  package let output: [Index]

  package init(_ equation: String, ranks: [Int]) throws {
    let text = equation.filter { !$0.isWhitespace }
    let sides = text.split(separator: ">", maxSplits: 1, omittingEmptySubsequences: false)
    var left = sides[0]
    if sides.count == 2 {
      guard left.hasSuffix("-") else { throw ShapeMisfit("has the equation '\(equation)', which cannot be read") }
      left = left.dropLast()
    }
    let terms = left.split(separator: ",", omittingEmptySubsequences: false)
    guard terms.count == ranks.count else {
      throw ShapeMisfit("has the equation '\(equation)' of \(terms.count) operands for \(ranks.count) inputs")
    }
    var operands: [[Index]] = []
    for (term, rank) in zip(terms, ranks) {
      operands.append(try Self.indices(of: term, rank: rank, in: equation))
    }
    self.operands = operands
    let ellipsis = operands.joined().reduce(0) { longest, index in
      if case .ellipsis(let place) = index { max(longest, place + 1) } else { longest }
    }
    if sides.count == 2 {
      let letters = sides[1].count { $0 != "." }
      let rank = sides[1].contains(".") ? letters + ellipsis : letters
      output = try Self.indices(of: sides[1], rank: rank, in: equation)
      let known = Set(operands.joined())
      guard Set(output).count == output.count, output.allSatisfy({ known.contains($0) }) else {
        throw ShapeMisfit("has the equation '\(equation)', whose result names an index twice or a new one")
      }
    } else {
      // Without a right side: the ellipsis, then all letters that occur once, in alphabetical order.
      var counts: [Character: Int] = [:]
      for case .letter(let letter) in operands.joined() { counts[letter, default: 0] += 1 }
      output =
        (0..<ellipsis).reversed().map(Index.ellipsis)
        + counts.filter { $0.value == 1 }.keys.sorted().map(Index.letter)
    }
  }

  /// The size of every index; an axis of 1 is broadcast.
  package func sizes(of shapes: [[Int]]) throws -> [Index: Int] {
    var sizes: [Index: Int] = [:]
    for (indices, shape) in zip(operands, shapes) {
      for (index, size) in zip(indices, shape) {
        let known = sizes[index] ?? 1
        guard known == 1 || size == 1 || known == size else {
          throw ShapeMisfit("gives one index the sizes \(known) and \(size)")
        }
        sizes[index] = known == 1 ? size : known
      }
    }
    return sizes
  }

  private static func indices(of term: Substring, rank: Int, in equation: String) throws -> [Index] {
    var result: [Index] = []
    var rest = term
    let letters = term.count { $0 != "." }
    while let character = rest.first {
      if character == "." {
        let width = rank - letters
        guard rest.hasPrefix("..."), width >= 0 else {
          throw ShapeMisfit("has the equation '\(equation)', which does not fit \(rank) axes")
        }
        rest = rest.dropFirst(3)
        result += (0..<width).reversed().map(Index.ellipsis)
      } else {
        guard character.isASCII, character.isLetter else {
          throw ShapeMisfit("has the equation '\(equation)', which cannot be read")
        }
        rest = rest.dropFirst()
        result.append(.letter(character))
      }
    }
    guard result.count == rank else {
      throw ShapeMisfit("has the equation '\(equation)', which does not fit \(rank) axes")
    }
    return result
  }
}
