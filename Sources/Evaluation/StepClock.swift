import Foundation

/// Seconds of each step of an evaluation, by name; a step that runs twice adds up.
package struct StepClock {
  package private(set) var seconds: [String: Double] = [:]

  package init() {}

  package mutating func measure<Value>(_ step: EvaluationStep, _ body: () throws -> Value) rethrows -> Value {
    let start = ProcessInfo.processInfo.systemUptime
    defer { seconds[step.rawValue, default: 0] += ProcessInfo.processInfo.systemUptime - start }
    return try body()
  }
}
