import Foundation
import ModelGraph

/// Gives an operator the attributes that a file has for it. `finish()` refuses what the operator did not ask for.
struct ONNXAttributeReader: AttributeCoder {
  private var attributes: ONNXAttributes
  private let tensors: ONNXTensorReader

  init(_ attributes: ONNXAttributes, tensors: ONNXTensorReader) {
    self.attributes = attributes
    self.tensors = tensors
  }

  mutating func integer(_ name: String, _ value: inout Int, default: Int?) throws {
    if let given = try attributes.takeInteger(name) {
      value = Self.saturated(given)
    } else if let `default` {
      value = `default`
    } else {
      throw missing(name)
    }
  }

  mutating func optionalInteger(_ name: String, _ value: inout Int?) throws {
    value = try attributes.takeInteger(name).map(Self.saturated)
  }

  mutating func flag(_ name: String, _ value: inout Bool, default: Bool) throws {
    switch try attributes.takeInteger(name) {
    case nil: value = `default`
    case 0?: value = false
    case 1?: value = true
    case let other?: throw attributes.label.failure(.malformed, "has \(other) for '\(name)', which is 0 or 1")
    }
  }

  mutating func decimal(_ name: String, _ value: inout Double, default: Double) throws {
    value = try attributes.takeFloat(name).map { try finite($0, name) } ?? `default`
  }

  mutating func optionalDecimal(_ name: String, _ value: inout Double?) throws {
    value = try attributes.takeFloat(name).map { try finite($0, name) }
  }

  mutating func integers(_ name: String, _ value: inout [Int]) throws {
    value = try attributes.takeIntegers(name)?.map(Self.saturated) ?? []
  }

  mutating func optionalIntegers(_ name: String, _ value: inout [Int]?) throws {
    value = try attributes.takeIntegers(name)?.map(Self.saturated)
  }

  mutating func decimals(_ name: String, _ value: inout [Double]) throws {
    value = try attributes.takeFloats(name)?.map { try finite($0, name) } ?? []
  }

  mutating func text(_ name: String, _ value: inout String) throws {
    guard let given = try attributes.takeText(name) else { throw missing(name) }
    value = given
  }

  mutating func word<Word: AttributeWord>(_ name: String, _ value: inout Word, default: Word) throws {
    let given = try attributes.takeText(name) ?? ""
    value = given.isEmpty ? `default` : try word(given, name)
  }

  mutating func words<Word: AttributeWord>(_ name: String, _ value: inout [Word]) throws {
    let texts = try attributes.take(name, .strings)?.strings ?? []
    value = try texts.map { try word(String(decoding: $0, as: UTF8.self), name) }
  }

  mutating func elementType(_ name: String, _ value: inout ElementType?) throws {
    let label = attributes.label
    value = try attributes.takeInteger(name).flatMap { code in
      guard code != 0 else { return nil }
      let owner = "The attribute '\(name)' of node '\(label.name)' (\(label.operatorName))"
      return try ElementType(onnxCode: Int32(clamping: code), of: owner)
    }
  }

  mutating func tensor(_ name: String, _ value: inout TensorData?) throws {
    let label = attributes.label
    value = try attributes.take(name, .tensor).map {
      try tensors.read($0.t, owner: "The attribute '\(name)' of node '\(label.name)' (\(label.operatorName))")
    }
  }

  mutating func ignored(_ name: String) throws {
    attributes.drop(name)
  }

  /// Throws `ModelFormatError(.unsupportedForm)` for an attribute that the operator does not know.
  func finish() throws {
    guard let name = attributes.leftOver else { return }
    throw attributes.label.failure(
      .unsupportedForm, "has the attribute '\(name)', which is not known for this operator",
      remedy: "Check that the file states the operator set that it was written for, or export it again.")
  }

  /// Sizes and positions beyond 32 bits mean "to the end" or are nonsense; within them no sum of two overflows.
  private static func saturated(_ value: Int64) -> Int { min(max(Int(value), -Int(Int32.max)), Int(Int32.max)) }

  private func finite(_ value: Float, _ name: String) throws -> Double {
    guard value.isFinite else { throw attributes.label.failure(.malformed, "has \(value) as its attribute '\(name)'") }
    return decimalValue(value)
  }

  private func word<Word: AttributeWord>(_ text: String, _ name: String) throws -> Word {
    guard let word = Word.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) else {
      let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
      throw attributes.label.failure(.unsupportedForm, "has the attribute '\(name)' = '\(text)'; known are: \(known)")
    }
    return word
  }

  private func missing(_ name: String) -> ModelFormatError {
    attributes.label.failure(.malformed, "has no attribute '\(name)', which it needs")
  }
}
