import StudyModel
import Support
import Testing

@Suite struct GrammarTests {
  @Test(arguments: [
    ("accuracy >= baseline - 0.05", Objective.accuracy, 1.0, -0.05),
    ("accuracy>=baseline-0.05", .accuracy, 1, -0.05),
    ("parameters <= 0.5 baseline", .parameters, 0.5, 0),
    ("parameters <= 0.5*baseline + 100", .parameters, 0.5, 100),
    ("latency <= 0.8 baseline", .latency, 0.8, 0),
    ("accuracy >= 0.9", .accuracy, 0, 0.9),
    ("accuracy >= 90%", .accuracy, 0, 0.9),
    ("macs <= 1.5M", .macs, 0, 1.5e6),
    ("size <= 2 KiB", .size, 0, 2048),
    ("latency <= 2 ms", .latency, 0, 0.002),
    ("latency <= 2e-3", .latency, 0, 0.002),
    ("accuracy >= -0.05 + baseline", .accuracy, 1, -0.05),
  ])
  func readsConstraints(text: String, objective: Objective, factor: Double, offset: Double) throws {
    let constraint = try ConstraintGrammar.parse(text)
    #expect(constraint.objective == objective)
    #expect(constraint.relation == (text.contains(">=") ? .atLeast : .atMost))
    #expect(abs(constraint.baselineFactor - factor) < 1e-12)
    #expect(abs(constraint.offset - offset) < 1e-9)
    #expect(try ConstraintGrammar.parse(ConstraintGrammar.text(constraint)) == constraint)
  }

  @Test(arguments: [
    "", "accuracy", "accuracy >=", "accuracy >= ", "accuracy > 0.9", "accuracy == 1", "accuracy >= baseline baseline",
    "accuracy >= 1 2", "accuracy >= baseline -", "accuracy >= 0.5 *", "accuracy >= x", "accuracy >= 1 KiB",
    "accuracy >= inf", "0.9 <= accuracy", "accuracy >= 0.9, latency <= 1",
  ])
  func refusesConstraints(text: String) {
    #expect(throws: ConstraintGrammar.Fault.self) { try ConstraintGrammar.parse(text) }
  }

  @Test(arguments: [("90s", 90.0), ("5m", 300), ("8h", 28800), ("1h 30m", 5400), ("1.5h", 5400), ("2d", 172800)])
  func readsDurations(text: String, seconds: Double) {
    #expect(SpecDuration.seconds(text) == seconds)
    #expect(SpecDuration.seconds(SpecDuration.text(seconds: seconds)) == seconds)
  }

  @Test(arguments: ["", "5", "m", "-5m", "0s", "5 minutes", "5m3", "1..5h", "inf s"])
  func refusesDurations(text: String) { #expect(SpecDuration.seconds(text) == nil) }

  @Test(arguments: [
    ("200MB", 200_000_000), ("1.5 GiB", 1_610_612_736), ("20GiB", 20 << 30), ("1B", 1), ("2 TiB", 2 << 40),
    ("3kB", 3000),
    ("1023B", 1023),
  ])
  func readsSizes(text: String, bytes: Int) {
    #expect(SpecSize.bytes(text) == bytes)
    #expect(SpecSize.bytes(SpecSize.text(bytes: bytes)) == bytes)
  }

  @Test(arguments: ["", "200", "MB", "-5MB", "0B", "5 mb", "1..5MB", "1e3MB", "99999999TiB", "nan B"])
  func refusesSizes(text: String) { #expect(SpecSize.bytes(text) == nil) }
}
