import CTorchShim

/// Any operator of libtorch by its registered name, for what has no method of its own on `Tensor`.
///
/// Looked up once, so it belongs in a static constant: `static let gelu = ATenOperator("aten::gelu")`. Arguments follow the
/// operator's schema; those left out at the end take their defaults. An operator that changes its argument in place does
/// not empty autocast's cache; weights are changed through the methods of `Tensor`.
package struct ATenOperator: Sendable {
  private let name: StaticString
  // Set once, points to what lives as long as the process and never changes.
  nonisolated(unsafe) private let handle: OpaquePointer?
  private let failure: TensorError?

  /// A name that libtorch does not know is reported by the first call.
  package init(_ name: StaticString, _ overload: StaticString = "") {
    self.name = name
    var found: OpaquePointer?
    let status = "\(name)".withCString { name in "\(overload)".withCString { ct_find_operator(name, $0, &found) } }
    handle = found
    failure = status.code == CT_OK ? nil : TensorError(consuming: status, operation: "\(name)", inputs: [])
  }

  /// Every tensor of the result, lists laid out flat.
  @discardableResult
  package func callAsFunction(_ arguments: ATenArgument...) throws -> [Tensor] { try call(arguments) }

  /// The first tensor of the result.
  package func one(_ arguments: ATenArgument...) throws -> Tensor {
    guard let first = try call(arguments).first else {
      throw TensorError(.failed, operation: "\(name)", detail: "libtorch gave no result")
    }
    return first
  }

  /// As `callAsFunction`, for arguments that are put together at run time.
  package func call(_ arguments: [ATenArgument], resultLimit: Int = 64) throws -> [Tensor] {
    guard let handle else {
      throw failure ?? TensorError(.failed, operation: "\(name)", detail: "libtorch does not know this operator")
    }
    let wordCount = arguments.reduce(0) { $0 + $1.wordCount }
    return try withExtendedLifetime(arguments) {
      try withUnsafeTemporaryAllocation(of: UInt.self, capacity: wordCount + 1) { words in
        try withUnsafeTemporaryAllocation(of: CTArgument.self, capacity: arguments.count + 1) { packed in
          var used = 0
          for (position, argument) in arguments.enumerated() {
            let room = UnsafeMutableBufferPointer(rebasing: words[used...])
            packed.initializeElement(at: position, to: argument.packed(into: room))
            used += argument.wordCount
          }
          return try withUnsafeTemporaryAllocation(of: OpaquePointer?.self, capacity: resultLimit) { results in
            results.initialize(repeating: nil)
            var count = 0
            let status = ct_call(handle, packed.baseAddress, arguments.count, results.baseAddress, resultLimit, &count)
            try check(status, name, arguments.flatMap(\.tensors))
            return try results.prefix(count).map { try owned($0, name) }
          }
        }
      }
    }
  }
}

extension ATenArgument {
  /// Words of memory that its list takes.
  fileprivate var wordCount: Int {
    switch self {
    case .tensors(let tensors): tensors.count
    case .optionalTensors(let tensors): tensors.count
    case .integers(let values): values.count
    case .decimals(let values): values.count
    case .flags(let values): values.count
    case .text(let text): (text.utf8.count + 7) / 8
    case .none, .tensor, .optional, .integer, .decimal, .flag, .type, .device, .generator: 0
    }
  }

  /// Writes its list into `words` and points there.
  fileprivate func packed(into words: UnsafeMutableBufferPointer<UInt>) -> CTArgument {
    func single(_ kind: CTArgumentKind, integer: Int = 0, decimal: Double = 0, item: OpaquePointer? = nil) -> CTArgument
    {
      CTArgument(
        kind: Int32(kind.rawValue), integer: Int64(integer), decimal: decimal, items: item.map { UnsafeRawPointer($0) },
        count: 0)
    }
    func list(_ kind: CTArgumentKind, _ values: some Sequence<UInt>, count: Int? = nil) -> CTArgument {
      var written = 0
      for value in values {
        words.initializeElement(at: written, to: value)
        written += 1
      }
      return CTArgument(
        kind: Int32(kind.rawValue), integer: 0, decimal: 0, items: UnsafeRawPointer(words.baseAddress),
        count: count ?? written)
    }
    switch self {
    case .none: return single(CT_ARG_NONE)
    case .tensor(let tensor): return single(CT_ARG_TENSOR, item: tensor.handle)
    case .optional(let tensor):
      return tensor.map { single(CT_ARG_TENSOR, item: $0.handle) } ?? single(CT_ARG_NONE)
    case .tensors(let tensors): return list(CT_ARG_TENSORS, tensors.lazy.map { UInt(bitPattern: $0.handle) })
    case .optionalTensors(let tensors):
      return list(CT_ARG_OPTIONAL_TENSORS, tensors.lazy.map { $0.map { UInt(bitPattern: $0.handle) } ?? 0 })
    case .integer(let value): return single(CT_ARG_INTEGER, integer: value)
    case .decimal(let value): return single(CT_ARG_DECIMAL, decimal: value)
    case .flag(let value): return single(CT_ARG_FLAG, integer: value ? 1 : 0)
    case .integers(let values): return list(CT_ARG_INTEGERS, values.lazy.map { UInt(bitPattern: $0) })
    case .decimals(let values): return list(CT_ARG_DECIMALS, values.lazy.map { UInt($0.bitPattern) })
    case .flags(let values): return list(CT_ARG_FLAGS, values.lazy.map { $0 ? 1 : 0 })
    case .type(let type): return single(CT_ARG_TYPE, integer: Int(type.code))
    case .text(let text):
      let bytes = Array(text.utf8)
      let packedWords = stride(from: 0, to: bytes.count, by: 8).lazy.map { start in
        bytes[start..<Swift.min(start + 8, bytes.count)].reversed().reduce(UInt(0)) { $0 << 8 | UInt($1) }
      }
      return list(CT_ARG_TEXT, packedWords, count: bytes.count)
    case .device(let device): return single(CT_ARG_DEVICE, integer: Int(device.code))
    case .generator(let generator): return single(CT_ARG_GENERATOR, item: generator.handle)
    }
  }
}
