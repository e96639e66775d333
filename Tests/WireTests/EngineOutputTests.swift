import Foundation
import Logging
import Testing
import WorkerNode

@Suite struct EngineOutputTests {
  private func text(_ lines: [EngineOutput.Line]) -> [String] { lines.map(\.text) }

  private func marked(_ lines: [EngineOutput.Line]) -> [String] { lines.map { "\($0.level.rawValue): \($0.text)" } }

  @Test func linesComeWholeHoweverTheyAreCut() {
    let bytes = Data("info: one\nwarning: two: b\n\nthree without a level\nfour".utf8)
    for size in 1...bytes.count {
      var output = EngineOutput()
      var lines: [EngineOutput.Line] = []
      var rest = bytes
      while !rest.isEmpty {
        lines += output.take(rest.prefix(size), now: 1)
        rest = rest.dropFirst(size)
      }
      #expect(
        marked(lines) == ["info: one", "warning: two: b", "info: three without a level"], "in pieces of \(size)")
      #expect(marked(output.end()) == ["info: four"])
      #expect(output.end().isEmpty)
    }
  }

  @Test func aFloodIsBoundedAndSaysWhatIsMissing() {
    var output = EngineOutput()
    let chunk = Data(String(repeating: "flood flood flood\n", count: 4000).utf8)
    var lines: [EngineOutput.Line] = []
    for step in 0..<1000 { lines += output.take(chunk, now: Double(step) * 0.01) }
    let kept = lines.filter { $0.level == .info }.reduce(0) { $0 + $1.text.utf8.count }
    // The burst and ten seconds at the rate, to within a line each time that something was kept.
    #expect(Double(kept) < EngineOutput.burst + 10 * EngineOutput.rate + 1000 * 18)
    #expect(Double(kept) > EngineOutput.burst)
    // A minute later there is room again, and the gap is told before the line behind it.
    let later = text(output.take(Data("info: later\n".utf8), now: 70))
    #expect(later.count == 2 && later[0].hasSuffix("bytes of its output are left out here)") && later[1] == "later")
    let told = (lines + output.end()).filter { $0.level == .warning }.compactMap {
      Int($0.text.dropFirst().prefix { $0.isNumber })
    }
    let toldLater = Int(later[0].dropFirst().prefix { $0.isNumber }) ?? 0
    let newlines = lines.count { $0.level == .info }
    #expect(told.reduce(0, +) + toldLater + kept + newlines == 1000 * chunk.count)
  }

  @Test func anEndlessLineIsCut() {
    var output = EngineOutput()
    var lines: [EngineOutput.Line] = []
    for _ in 0..<10 { lines += output.take(Data(repeating: 0x61, count: 1000), now: 0) }
    #expect(lines.isEmpty)
    lines += output.take(Data("\nnext\n".utf8), now: 0)
    #expect(lines.first?.text.utf8.count == EngineOutput.lineLimit)
    #expect(text(lines).suffix(2) == ["(5904 bytes of its output are left out here)", "next"])
  }

  @Test func bytesThatAreNoTextAreShownAllTheSame() {
    var output = EngineOutput()
    #expect(marked(output.take(Data([0xff, 0x41, 0x0a]), now: 0)) == ["info: \u{FFFD}A"])
  }
}
