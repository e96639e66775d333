import StudyModel
import Support

/// Which engine made what: a row for each engine and number of threads.
struct EngineTable {
  private struct Maker: Hashable {
    let engine: Digest?
    let threads: Int?
  }

  private let report: StudyReport

  init(_ report: StudyReport) { self.report = report }

  var html: String {
    let finished = report.records.filter { $0.status == .done && $0.result != nil }
    let front = Set((report.front?.records ?? []).map(\.key))
    let makers = Dictionary(grouping: finished) { Maker(engine: $0.result?.engine, threads: $0.result?.threads) }
    let rows = makers.sorted { (name($0.key), $0.key.threads ?? 0) < (name($1.key), $1.key.threads ?? 0) }
      .map { maker, records -> [String] in
        let identity = report.engines.first { $0.digest == maker.engine }
        let trials = records.filter { front.contains($0.key) }.map { "\($0.key.trial)" }
        return [
          name(maker), identity?.sources.short ?? "-", identity?.libtorch ?? "-", identity?.instructionSet ?? "-",
          maker.threads.map(String.init) ?? "-", "\(records.count)", trials.joined(separator: ", "),
        ]
      }
    if rows.isEmpty { return "<p>Nothing has been measured.</p>\n" }
    return HTMLText.table(
      ["engine", "sources", "libtorch", "instruction set", "threads", "finished evaluations", "trials on the front"],
      rows: rows, numeric: [4, 5])
  }

  private func name(_ maker: Maker) -> String { maker.engine?.short ?? "not recorded" }
}
