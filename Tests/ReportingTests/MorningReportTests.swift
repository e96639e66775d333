import Foundation
import FoundationXML
import Reporting
import StudyModel
import Testing

/// Parses the report as XML, which it also is, so that an unescaped or unclosed tag cannot pass.
private final class Outline: NSObject, XMLParserDelegate {
  private(set) var elements: [String: Int] = [:]
  private(set) var attributes: [(element: String, name: String, value: String)] = []
  private(set) var text = ""
  private(set) var fault: (any Error)?

  init(_ html: String) {
    super.init()
    let parser = XMLParser(data: Data(html.utf8))
    parser.delegate = self
    if !parser.parse() { fault = parser.parserError }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes found: [String: String]
  ) {
    elements[name, default: 0] += 1
    attributes += found.map { (name, $0.key, $0.value) }
  }

  func parser(_ parser: XMLParser, foundCharacters characters: String) { text += characters }
}

@Suite struct MorningReportTests {
  @Test func isWellFormedAndEscaped() {
    let outline = Outline(MorningReport(ReportFixture.report()).html)
    #expect(outline.fault == nil, "\(String(describing: outline.fault))")
    #expect(outline.elements["script"] == nil && outline.elements["b"] == nil)
    #expect(outline.text.contains("killed by signal 9 <script>alert(\"1\")</script>"))
    #expect(outline.text.contains("line & <b>line</b>\u{FFFD}[31m"))
    #expect(outline.text.contains("coppice search 'a & b.yaml' --output x"))
  }

  @Test func fetchesNothing() {
    let outline = Outline(MorningReport(ReportFixture.report()).html)
    #expect(!outline.attributes.isEmpty)
    for (element, name, value) in outline.attributes {
      #expect(
        !["src", "href", "xlink:href", "action", "onload", "onclick"].contains(name), "\(element) \(name)=\(value)")
      #expect(!value.contains("://"))
    }
    #expect(!MorningReport(ReportFixture.report()).html.contains("url("))
  }

  @Test func drawsEveryEvaluationTwiceAndTheCurve() {
    let outline = Outline(MorningReport(ReportFixture.report()).html)
    #expect(outline.elements["svg"] == 3)
    // Five evaluations and the baseline, against parameters and against latency; two of them on the front.
    #expect(outline.elements["circle"] == 12)
    let styles = outline.attributes.filter { $0.element == "circle" && $0.name == "class" }.map(\.value)
    #expect(styles.filter { $0 == "front" }.count == 4)
    #expect(styles.filter { $0 == "dense" }.count == 2)
    #expect(outline.elements["polyline"] == 1)
    for (_, name, value) in outline.attributes.filter({ $0.element == "circle" }) where name == "cx" {
      #expect((62...508).contains(Double(value) ?? -1))
    }
  }

  @Test func warnsWithoutSealedTestsOnly() {
    let warning = "The sealed test split has not been used"
    #expect(MorningReport(ReportFixture.report()).html.contains(warning))
    let sealed = MorningReport(ReportFixture.report(sealed: true)).html
    #expect(!sealed.contains(warning))
    #expect(sealed.contains("88.50%"))
  }

  /// Errors 0.11, 0.12 and 0.13 under the reference 0.15; parameters 0.6, 0.2, 0.4 and latencies 0.75, 0.5, 0.6 under 1.1.
  @Test func chanceStandsBesideTheFront() throws {
    let warning = "whether the criteria do better than that is not known"
    #expect(MorningReport(ReportFixture.report()).html.contains(warning))
    let random = ReportFixture.record(
      5, 1, ReportFixture.plan(.random, 0.5), ReportFixture.measures(870, parameters: 40_000, latency: 0.0012), at: 14)
    let report = ReportFixture.report(records: ReportFixture.records + [random])
    let chance = try #require(ChanceBaseline(report))
    #expect(chance.trials == 1 && chance.allTrials == 3 && chance.onFront == 0 && chance.front == 2)
    #expect(abs(chance.volume - 0.02 * 0.7 * 0.5) < 1e-12)
    #expect(abs(chance.allVolume - (0.04 * 0.5 * 0.35 + 0.03 * (0.9 * 0.6 - 0.5 * 0.35))) < 1e-12)
    let html = MorningReport(report).html
    #expect(html.contains(chance.text) && !html.contains(warning))
    #expect(ChanceBaseline(ReportFixture.report(records: [])) == nil)
  }

  @Test func countsFailuresByClassAndWorker() {
    let html = MorningReport(ReportFixture.report()).html
    #expect(html.contains("<td>resource</td><td>host-0</td><td class=\"n\">1</td>"))
  }

  @Test func unfinishedStudiesHaveAReportToo() {
    for count in 0...3 {
      let report = ReportFixture.report(records: Array(ReportFixture.records.prefix(count)))
      let outline = Outline(MorningReport(report).html)
      #expect(outline.fault == nil)
      #expect(!report.allWarnings.isEmpty)
    }
  }

  @Test func sameStudySameBytes() {
    let shuffled = ReportFixture.report(records: ReportFixture.records.reversed())
    #expect(MorningReport(shuffled).html == MorningReport(ReportFixture.report()).html)
  }
}
