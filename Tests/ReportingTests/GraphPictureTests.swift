import ChannelGroups
import ModelGraph
import Reporting
import Testing

/// The picture of a network with its groups in colours.
@Suite struct GraphPictureTests {
  private func picture(_ graph: Graph) throws -> String {
    try GraphPicture(graph, analysis: ChannelAnalysis(graph)).svg
  }

  @Test func showsEveryLayerAndGroup() throws {
    let graph = try BuiltinNetworks.graph(named: "resnet20")
    let svg = try picture(graph)
    let analysis = try ChannelAnalysis(graph)
    for group in analysis.groups { #expect(svg.contains(">\(group.name): \(group.units.count) units<")) }
    for node in graph.nodes { #expect(svg.contains(node.name), "\(node.name) is not in the picture") }
    // One colour for each group in boxes and legend, grey for the head that stays.
    let colours = Set(svg.matches(of: /fill="(hsl\([^"]*\))"/).map { String($0.1) })
    #expect(colours.count == analysis.groups.count)
    #expect(svg.contains("class=\"box kept\""))
    #expect(try picture(graph) == svg)
  }

  @Test func namesCannotBreakIt() throws {
    var builder = GraphBuilder("<&>")
    var x = builder.input("input", [.symbolic("batch"), .fixed(4)])
    x = builder.relu("\"relu\"", builder.linear("</svg><script>", x, inputs: 4, outputs: 3))
    x = builder.linear("fc", x, inputs: 3, outputs: 2)
    let svg = try picture(builder.finished(output: x, shape: [.symbolic("batch"), .fixed(2)]))
    #expect(!svg.contains("<script>"))
    #expect(svg.components(separatedBy: "</svg>").count == 2)
    #expect(svg.contains("&lt;/svg&gt;&lt;script&gt;"))
  }
}
