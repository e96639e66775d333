/// Reads and writes one constraint: `accuracy >= baseline - 0.05`, `parameters <= 0.5 baseline`, `latency <= 2 ms`.
package enum ConstraintGrammar {
  /// Units of an absolute bound, by objective, as factors to the measure's own unit (count, byte, second).
  private static let units: [Objective: [String: Double]] = [
    .accuracy: ["%": 0.01],
    .parameters: ["k": 1e3, "M": 1e6, "G": 1e9],
    .macs: ["k": 1e3, "M": 1e6, "G": 1e9],
    .size: ["B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1024, "MiB": 1_048_576, "GiB": 1_073_741_824],
    .latency: ["s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6],
  ]

  package static let form =
    "MEASURE >= BOUND or MEASURE <= BOUND, where BOUND is a number, 'baseline', "
    + "'0.5 baseline' or a sum such as 'baseline - 0.05'"

  /// Why a text is no constraint.
  package struct Fault: Error, Equatable {
    package let reason: String
    /// The unknown measure's name, where that is the fault.
    package var measure: String?
  }

  package static func parse(_ text: String) throws(Fault) -> Constraint {
    var tokens = tokens(of: text)[...]
    guard let name = tokens.popFirst() else { throw Fault(reason: "the constraint is empty") }
    guard let objective = Objective(rawValue: name) else {
      throw Fault(reason: "there is no measure '\(name)'", measure: name)
    }
    guard let sign = tokens.popFirst(), let relation = Constraint.Relation(rawValue: sign) else {
      throw Fault(reason: "after '\(name)' stands neither >= nor <=")
    }
    var (factor, offset) = (0.0, 0.0)
    var (hasFactor, hasOffset) = (false, false)
    var direction = 1.0
    if tokens.first == "-" {
      direction = -1
      tokens.removeFirst()
    }
    repeat {
      let term = try term(&tokens, objective)
      switch term {
      case .baseline(let value):
        guard !hasFactor else { throw Fault(reason: "the baseline stands there twice") }
        (hasFactor, factor) = (true, direction * value)
      case .absolute(let value):
        guard !hasOffset else { throw Fault(reason: "two numbers stand there") }
        (hasOffset, offset) = (true, direction * value)
      }
      guard let sign = tokens.popFirst() else {
        return Constraint(objective: objective, relation: relation, baselineFactor: factor, offset: offset)
      }
      switch sign {
      case "+": direction = 1
      case "-": direction = -1
      default: throw Fault(reason: "'\(sign)' is not expected there")
      }
    } while true
  }

  /// The text that reads back as `constraint`.
  package static func text(_ constraint: Constraint) -> String {
    var terms: [String] = []
    if constraint.baselineFactor != 0 {
      terms.append(constraint.baselineFactor == 1 ? "baseline" : "\(constraint.baselineFactor) baseline")
    }
    if constraint.offset != 0 || terms.isEmpty {
      if terms.isEmpty {
        terms.append("\(constraint.offset)")
      } else {
        terms += [constraint.offset < 0 ? "-" : "+", "\(abs(constraint.offset))"]
      }
    }
    return "\(constraint.objective.rawValue) \(constraint.relation.rawValue) \(terms.joined(separator: " "))"
  }

  private enum Term { case baseline(Double), absolute(Double) }

  private static func term(_ tokens: inout ArraySlice<String>, _ objective: Objective) throws(Fault) -> Term {
    guard let first = tokens.popFirst() else { throw Fault(reason: "the bound is missing") }
    if first == "baseline" { return .baseline(1) }
    guard let value = Double(first), value.isFinite else { throw Fault(reason: "'\(first)' is not a number") }
    if tokens.first == "*" {
      tokens.removeFirst()
      guard tokens.popFirst() == "baseline" else { throw Fault(reason: "after '*' stands no 'baseline'") }
      return .baseline(value)
    }
    if tokens.first == "baseline" {
      tokens.removeFirst()
      return .baseline(value)
    }
    if let unit = tokens.first, let size = units[objective]?[unit] {
      tokens.removeFirst()
      return .absolute(value * size)
    }
    return .absolute(value)
  }

  /// Words, numbers (with an exponent) and signs; spaces separate and are dropped.
  private static func tokens(of text: String) -> [String] {
    var found: [String] = []
    var current = ""
    func isNumberSoFar() -> Bool { current.first.map { $0.isNumber || $0 == "." } ?? false }
    func flush() {
      if !current.isEmpty { found.append(current) }
      current = ""
    }
    let characters = Array(text)
    var index = 0
    while index < characters.count {
      let character = characters[index]
      let next = index + 1 < characters.count ? characters[index + 1] : " "
      switch character {
      case " ", "\t": flush()
      case ">", "<", "=":
        flush()
        if next == "=" {
          found.append("\(character)=")
          index += 1
        } else {
          found.append(String(character))
        }
      case "*", "%":
        flush()
        found.append(String(character))
      case "+", "-":
        if isNumberSoFar(), let last = current.last, last == "e" || last == "E", next.isNumber {
          current.append(character)
        } else if !current.isEmpty, !isNumberSoFar(), current != "baseline" {
          current.append(character)
        } else {
          flush()
          found.append(String(character))
        }
      default:
        let startsWord = isNumberSoFar() && character.isLetter && !(("eE".contains(character)) && isExponent(next))
        if startsWord { flush() }
        current.append(character)
      }
      index += 1
    }
    flush()
    return found
  }

  private static func isExponent(_ next: Character) -> Bool { next.isNumber || next == "-" || next == "+" }
}
