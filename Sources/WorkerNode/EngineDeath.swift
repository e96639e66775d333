import Foundation
import Launching
import StudyModel

/// What an engine's end says of the evaluation that it was on.
enum EngineDeath {
  /// Why no engine came into being, from the end of one that had said nothing; nil where its end is about what it was
  /// asked to do.
  ///
  /// The loader ends a program whose libraries are missing or broken with 127, a shell one that cannot be run with 126 or
  /// 127, and an engine that lacks something says so itself.
  static func failedStart(_ exit: Exit, logTail: String) -> String? {
    guard case .code(let code) = exit, [126, 127, EX_UNAVAILABLE].contains(code) else { return nil }
    let words = logTail.split(separator: "\n").suffix(3).joined(separator: " ")
    return "The engine ended with exit status \(code) before its first word"
      + (words.isEmpty ? "." : ": \(words)") + " See what `coppice doctor` says."
  }

  static func failure(_ exit: Exit, step: String, logTail: String) -> EvaluationFailure {
    let place = step.isEmpty ? "before its first step" : "in step '\(step)'"
    switch exit {
    case .signal(let number):
      // The kernel's out-of-memory killer uses SIGKILL, and we ourselves were not the sender.
      let isMemory = number == SIGKILL
      return EvaluationFailure(
        failureClass: isMemory ? .resource : .transient,
        message: "The engine was ended by \(exit) \(place)" + (isMemory ? "; it may have run out of memory." : "."),
        signal: Int(number), logTail: logTail)
    case .code(0):
      return EvaluationFailure(
        failureClass: .internal, message: "The engine ended without a result, \(place).", exitStatus: 0,
        logTail: logTail)
    case .code(let code):
      return EvaluationFailure(
        failureClass: failureClass(ofCode: code), message: "The engine ended with exit status \(code) \(place).",
        exitStatus: Int(code), logTail: logTail)
    }
  }

  /// sysexits.h where it has a word; everything else may pass elsewhere or later.
  private static func failureClass(ofCode code: Int32) -> FailureClass {
    switch code {
    case EX_DATAERR, EX_NOINPUT, EX_CONFIG: .badInput
    case EX_SOFTWARE: .internal
    default: .transient
    }
  }
}
