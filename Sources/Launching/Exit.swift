import Foundation

/// How a process ended.
package enum Exit: Hashable, Sendable, CustomStringConvertible {
  case code(Int32)
  case signal(Int32)

  /// From waitpid's status word, whose macros Swift cannot see.
  init(waitStatus status: Int32) {
    let number = status & 0x7f
    self = number == 0 ? .code((status >> 8) & 0xff) : .signal(number)
  }

  package var description: String {
    switch self {
    case .code(let code): "exit status \(code)"
    case .signal(let number): "signal \(number) (\(String(cString: strsignal(number))))"
    }
  }
}
