import Foundation
import FoundationXML
import Reporting
import StudyModel
import Testing

/// Parses the report as XML, which it also is, so that an unescaped or unclosed tag cannot pass.
final class Outline: NSObject, XMLParserDelegate {
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
  /// By its first bytes, so that a search never takes another file for a report that it may replace.
  @Test func aReportOfOursIsKnown() {
    #expect(MorningReport.wrote(Data(MorningReport(ReportFixture.report()).html.utf8.prefix(4096))))
    #expect(MorningReport.wrote(Data("<!DOCTYPE html>\n<html>\n<title>Coppice: a study</title>".utf8)))
    for other in ["", "my own report", "<!DOCTYPE html>\n<html>\n<title>Mine</title>"] {
      #expect(!MorningReport.wrote(Data(other.utf8)), "\(other)")
    }
  }

  /// Without what narrow windows need in the cells of tables.
  static func plain(_ html: String) -> String {
    html.replacing(#/ data-label="[^"]*"/#, with: "").replacing(/<td([^>]*)><span>(.*?)<\/span><\/td>/) {
      "<td\($0.output.1)>\($0.output.2)</td>"
    }
  }

  @Test func isWellFormedAndEscaped() {
    let outline = Outline(MorningReport(ReportFixture.report()).html)
    #expect(outline.fault == nil, "\(String(describing: outline.fault))")
    #expect(outline.elements["script"] == nil && outline.elements["b"] == nil)
    #expect(outline.text.contains("killed by signal 9 <script>alert(\"1\")</script>"))
    #expect(outline.text.contains("line & <b>line</b>\u{FFFD}[31m"))
    #expect(outline.text.contains("coppice search 'a & b.yaml' --output x"))
  }

  /// Links lead to files beside the report, and nothing is loaded.
  @Test func fetchesNothing() {
    let html = MorningReport(ReportFixture.report(networks: true), networkFolder: "../a b/networks").html
    let outline = Outline(html)
    #expect(outline.fault == nil && !outline.attributes.isEmpty)
    var links: Set<String> = []
    for (element, name, value) in outline.attributes {
      #expect(!["src", "xlink:href", "action", "onload", "onclick"].contains(name), "\(element) \(name)=\(value)")
      #expect(!value.contains("://"))
      guard name == "href" else { continue }
      #expect(element == "a")
      links.insert(value)
    }
    #expect(links == ["../a%20b/networks/trial-0001-rung-1.onnx", "../a%20b/networks/trial-0002-rung-1.onnx"])
    for word in ["url(", "@import", "<script", "<link", "<img", "javascript:"] {
      #expect(!html.contains(word), "\(word)")
    }
    #expect(
      Outline(MorningReport(ReportFixture.report()).html).elements["a"] == nil, "no links to files that are not there")
  }

  @Test func drawsWhatTheAxesShowAndTheCurve() {
    let outline = Outline(MorningReport(ReportFixture.report()).html)
    #expect(outline.elements["figure"] == 3 && outline.elements["polyline"] == 3)
    let marks = outline.attributes.filter { $0.element == "path" && $0.name == "class" && $0.value.hasPrefix("mark ") }
      .map { $0.value.split(separator: " ")[1] }
    // Against parameters and against latency: two of the front and the dense network. Those of rung 0 lie far below.
    #expect(
      marks.count { $0 == "front" } == 4 && marks.count { $0 == "dense" } == 2 && marks.count { $0 == "other" } == 0)
    #expect(outline.text.contains("3 evaluations lie outside these axes."))
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
    let html = Self.plain(MorningReport(ReportFixture.report()).html)
    #expect(html.contains("<td>resource</td><td>host-0</td><td class=\"n\">1</td>"))
  }

  /// Where rows become blocks every cell names its column, and no table is without the frame that scrolls.
  @Test func cellsNameTheirColumns() {
    let html = MorningReport(ReportFixture.report(sealed: true)).html
    let outline = Outline(html)
    let cells = outline.elements["td"] ?? 0
    #expect(cells > 20 && outline.attributes.count { $0.element == "td" && $0.name == "data-label" } == cells)
    #expect(outline.attributes.count { $0.element == "div" && $0.value == "wide" } == outline.elements["table"])
    #expect(html.contains("@media (max-width: 640px)") && html.contains("prefers-color-scheme: dark"))
    #expect(html.contains("width=device-width"))
    #expect(outline.attributes.contains { $0.name == "data-label" && $0.value == "sealed test" })
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
