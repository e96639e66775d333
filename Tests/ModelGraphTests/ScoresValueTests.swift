import ModelGraph
import Testing

/// What the loss takes in place of a trailing activation.
@Suite struct ScoresValueTests {
  private func network(_ ending: [Operator]) throws -> Graph {
    var builder = GraphBuilder("ending")
    var x = builder.input("input", [.symbolic("batch"), .fixed(4)])
    x = builder.linear("fc", x, inputs: 4, outputs: 3)
    for (position, op) in ending.enumerated() { x = builder.node("end\(position)", op, x) }
    return try builder.finished(output: x, as: "out", shape: [.symbolic("batch"), .fixed(3)])
  }

  @Test(arguments: [
    [Operator.softmax(axis: -1)], [.softmax(axis: 1)], [.logSoftmax(axis: -1)], [.activation(.sigmoid)],
    [.softmax(axis: -1), .identity],
  ])
  func trailingActivationsAreLookedThrough(ending: [Operator]) throws {
    #expect(try network(ending).scoresValue == "fc_out")
  }

  @Test func otherEndingsStay() throws {
    #expect(try network([]).scoresValue == "out")
    #expect(try network([.activation(.tanh)]).scoresValue == "out")
    // Over the batch it is no distribution over classes.
    #expect(try network([.softmax(axis: 0)]).scoresValue == "out")
    #expect(try network([.softmax(axis: -1), .activation(.relu)]).scoresValue == "out")
  }
}
