/// What leaves together.
///
/// Its word in specs and plans is `channel`, `element`, `2:4` (any N:M), `block 4x1` (rows by columns), `head`, `unit` or `layer`.
package enum Granularity: Hashable, Sendable {
  /// Channels, filters, neurons and recurrent units: really smaller tensors.
  case channel
  /// Single weights, which become zeros.
  case element
  /// In every run of `of` weights along a kernel's input axis `kept` stay, for each output and kernel position: 2 of 4 is what
  /// sparse tensor cores read. Of an axis that ends within a run the rest stays whole. The sparsity has no part in it.
  case nOfM(kept: Int, of: Int)
  /// Blocks of a kernel seen as a matrix `[outputs, inputs * positions]` become zeros, judged by the sum of their weights' scores;
  /// those at its edges are smaller.
  case block(rows: Int, columns: Int)
  /// Attention heads (with the query heads that share a key-value head), whole groups of grouped convolutions.
  case head
  /// Units of recurrent layers only.
  case unit
  /// Residual branches whose removal keeps all shapes.
  case layer

  /// True when the network's tensors really shrink; false when weights become zeros.
  package var isStructured: Bool {
    switch self {
    case .channel, .head, .unit, .layer: true
    case .element, .nOfM, .block: false
    }
  }
}

extension Granularity: RawRepresentable, Codable {
  package init?(rawValue: String) {
    func numbers(_ text: Substring, by separator: Character) -> (Int, Int)? {
      let parts = text.split(separator: separator, omittingEmptySubsequences: false).map { Int($0) }
      guard parts.count == 2, let first = parts[0], let second = parts[1], first > 0, second > 0 else { return nil }
      return (first, second)
    }
    switch rawValue {
    case "channel": self = .channel
    case "element": self = .element
    case "head": self = .head
    case "unit": self = .unit
    case "layer": self = .layer
    default:
      if let (kept, of) = numbers(rawValue[...], by: ":"), kept < of, of <= 1024 {
        self = .nOfM(kept: kept, of: of)
      } else if rawValue.hasPrefix("block "), let (rows, columns) = numbers(rawValue.dropFirst(6), by: "x"),
        rows <= 4096, columns <= 4096
      {
        self = .block(rows: rows, columns: columns)
      } else {
        return nil
      }
    }
  }

  package var rawValue: String {
    switch self {
    case .channel: "channel"
    case .element: "element"
    case .nOfM(let kept, let of): "\(kept):\(of)"
    case .block(let rows, let columns): "block \(rows)x\(columns)"
    case .head: "head"
    case .unit: "unit"
    case .layer: "layer"
    }
  }
}
