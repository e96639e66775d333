import ArgumentParser
import Coordination
import Foundation
import StudyModel
import StudyStore
import Support

/// Gives evaluations that were set aside another chance, once their cause is mended.
struct RetryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Put back evaluations that a study has set aside.",
    discussion: """
      An evaluation is set aside, and not tried again, when it failed on two hosts (or on two workers of one host, or three \
      times where there is one worker), or when its worker was killed or its host restarted three times while it ran. \
      `coppice front FOLDER --history` shows which, and why. This command forgets these failures; `coppice search --resume` \
      then runs them again.
      """)

  @Argument(help: "The study's folder.") var folder: String
  @Option(parsing: .upToNextOption, help: "The trials to put back, by number; 0 is the dense network.") var trial:
    [Int64] = []
  @Option(help: "Only at this rung.") var rung: Int?
  @Flag(help: "All that was set aside.") var all = false
  @Flag(help: "Print JSON instead of lines.") var json = false

  func validate() throws {
    if all && !trial.isEmpty { throw ValidationError("Say either --all or --trial, not both.") }
    if let number = trial.first(where: { $0 < 0 }) {
      throw ValidationError("--trial takes the numbers of trials, 0 or more, not \(number).")
    }
    if let rung, rung < 0 { throw ValidationError("--rung must be 0 or more, not \(rung).") }
  }

  private struct Entry: Encodable {
    let trial: Int64
    let rung: Int
    let purpose: String
    let attempts: Int
    let reason: String?
    let message: String?

    init(_ record: EvaluationRecord) {
      trial = record.key.trial.value
      rung = record.key.rung
      purpose = record.key.purpose.rawValue
      attempts = record.attempts
      reason = record.reason
      message = record.failure?.message
    }

    var line: String {
      let name = EvaluationKey(
        trial: TrialID(trial), rung: rung, purpose: EvaluationKey.Purpose(rawValue: purpose) ?? .trial
      ).text
      let why = [reason, message.map { "the last failure: \($0)" }].compactMap { $0 }.joined(separator: "; ")
      return "  \(name): \(attempts) attempts; \(why)\n"
    }
  }

  private struct Outcome: Encodable {
    var retried: [Entry] = []
    var left: [Entry] = []
    var next: String?
  }

  func run() throws {
    let study = StudyFolder(URL(fileURLWithPath: folder))
    let setAside = StudyRetry.setAside(in: try StudyReader(study).snapshot())
    if trial.isEmpty && !all && !setAside.isEmpty {
      let list = setAside.map { Entry($0).line }.joined()
      throw CommandError(
        .nothingChosen, "This study has set aside:\n\(list)", remedy: "Say which to put back: --trial N, or --all.")
    }
    let trials = trial.isEmpty ? nil : Set(trial.map { TrialID($0) })
    let retry = try StudyRetry(StudyRetry.Selection(trials: trials, rung: rung), in: study)
    var outcome = Outcome(retried: retry.putBack.map { Entry($0) }, left: retry.left.map { Entry($0) })
    if !retry.putBack.isEmpty { outcome.next = "coppice search SPEC --output \(folder) --resume" }
    print(json ? try PrettyJSON.text(of: outcome) + "\n" : text(outcome), terminator: "")
  }

  private func text(_ outcome: Outcome) -> String {
    guard !outcome.retried.isEmpty else {
      let which = all || trial.isEmpty && rung == nil ? "" : "of what was named "
      return "Nothing \(which)is set aside in '\(folder)': there is nothing to put back.\n"
    }
    var text = "Put back, their failures forgotten:\n" + outcome.retried.map(\.line).joined()
    if !outcome.left.isEmpty {
      text +=
        "Left, since the search is over and the sealed test split was opened:\n" + outcome.left.map(\.line).joined()
    }
    if let next = outcome.next { text += "Go on with: \(next)\n" }
    return text
  }
}
