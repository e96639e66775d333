import ChannelGroups
import GraphRuntime
import ModelGraph
import Pruning
import Selection
import StudyModel
import Support
import Tensors
import TestSupport
import Testing
import Training

extension ComputeSuite {
  /// Units that do nothing leave without a trace, and no others do.
  @Suite struct RedundancyTests {
    private func source() throws -> BatchSource { try TestNetworks.source(TestNetworks.images(32)) }

    private func outputs(_ graph: Graph, _ source: BatchSource) throws -> [Float] {
      try GraphModule(graph).infer(source.batch((0..<32).map { Int64($0) }).images).floats
    }

    private func expectEqual(
      _ found: [Float], _ wanted: [Float], _ what: String = "", location: SourceLocation = #_sourceLocation
    ) {
      #expect(found.count == wanted.count, sourceLocation: location)
      let scale = max(1, wanted.map { abs($0) }.max() ?? 1)
      let error = zip(found, wanted).map { abs($0 - $1) }.max() ?? 0
      #expect(error <= 2e-5 * scale, "\(what) is off by \(error)", sourceLocation: location)
    }

    private func removal(_ graph: Graph, _ source: BatchSource?) throws -> RedundancyRemoval {
      let module = try GraphModule(graph)
      let analysis = try ChannelAnalysis(graph)
      let units = try RedundantUnits(
        module, analysis: analysis, data: source, seed: 1, calibration: Calibration(batches: 1, batchSize: 32))
      return RedundancyRemoval(units, analysis: analysis, graph: graph)
    }

    private func all(_ graph: Graph) throws -> [String: [Int]] {
      Dictionary(
        uniqueKeysWithValues: try ChannelAnalysis(graph).groups.map { ($0.name, Array($0.units.indices)) })
    }

    /// Removes what is redundant; the outputs on the calibration data stay, and so do those of the folded network.
    @discardableResult private func removed(
      _ graph: Graph, _ source: BatchSource, roundTo: Int = 1, location: SourceLocation = #_sourceLocation
    ) throws -> (removal: RedundancyRemoval, graph: Graph, kept: [String: [Int]]) {
      let removal = try removal(graph, source)
      let plan = PruningPlan(criterion: .l1, sparsity: .uniform(0), removesRedundant: true, roundTo: roundTo)
      let kept = removal.removing(from: try all(graph), plan)
      let compacted = try ChannelAnalysis(removal.graph).compacted(removal.graph, keeping: kept)
      let wanted = try outputs(graph, source)
      expectEqual(try outputs(removal.graph, source), wanted, "folded", location: location)
      expectEqual(try outputs(compacted, source), wanted, "compacted", location: location)
      return (removal, compacted, kept)
    }

    private func set(_ graph: inout Graph, _ weight: String, row: Int, _ value: Float) throws {
      let tensor = try #require(graph.weights[weight])
      var floats = tensor.floats
      let size = floats.count / tensor.shape[0]
      for place in row * size..<(row + 1) * size { floats[place] = value }
      graph.weights[weight] = TensorData(shape: tensor.shape, floats: floats)
    }

    private func set(_ graph: inout Graph, _ weight: String, column: Int, _ value: Float) throws {
      let tensor = try #require(graph.weights[weight])
      var floats = tensor.floats
      let run = tensor.shape[2...].reduce(1, *)
      for place in floats.indices where place / run % tensor.shape[1] == column { floats[place] = value }
      graph.weights[weight] = TensorData(shape: tensor.shape, floats: floats)
    }

    /// convolution - rectifier - convolution - rectifier - pooling - linear.
    private func plain(padding: Int = 0, bias: Bool = false) throws -> Graph {
      var builder = GraphBuilder("plain", seed: 3)
      var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
      x = builder.convolution("a", x, inputs: 3, outputs: 6, kernel: 3, padding: 1, bias: true)
      x = builder.convolution(
        "b", builder.relu("relu1", x), inputs: 6, outputs: 5, kernel: 3, padding: padding, bias: bias)
      x = builder.node("pool", .globalAveragePool, builder.relu("relu2", x))
      x = builder.linear("fc", builder.flatten("flat", x), inputs: 5, outputs: 4)
      return try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
    }

    // MARK: What is found

    @Test func healthyNetworksLoseNothing() throws {
      let graph = try plain()
      let (removal, compacted, _) = try removed(graph, source())
      #expect(removal.units.isEmpty && removal.folds.isEmpty && removal.units.refusals.isEmpty)
      #expect(compacted == graph)
    }

    @Test(arguments: [false, true])
    func deadZeroConstantAndUnreadUnitsLeave(bias: Bool) throws {
      var graph = try plain(bias: bias)
      try set(&graph, "a.bias", row: 0, -1e3)
      try set(&graph, "a.weight", row: 1, 0)
      try set(&graph, "a.bias", row: 1, 0)
      try set(&graph, "a.weight", row: 2, 0)
      try set(&graph, "a.bias", row: 2, 0.75)
      try set(&graph, "b.weight", column: 3, 0)
      let (removal, compacted, kept) = try removed(graph, source())
      #expect(removal.units.kinds == ["a": [0: .constantOnData, 1: .zero, 2: .constant, 3: .unread]])
      // Only what the weights say is claimed for any input: a unit that is dead here may speak elsewhere.
      #expect(removal.units.kinds["a"]?.filter(\.value.isExact).keys.sorted() == [1, 2, 3])
      #expect(kept["a"] == [4, 5])
      #expect(compacted.weights["b.weight"]?.shape == [5, 2, 3, 3])
      // Only the third unit's constant is not zero; the bias is the old one, or made.
      #expect(removal.folds == [.init(node: "b", bias: "b.bias", channels: 1)])
      let kernel = try #require(graph.weights["b.weight"]).floats
      let before = graph.weights["b.bias"]?.floats ?? [0, 0, 0, 0, 0]
      for (output, value) in try #require(compacted.weights["b.bias"]).floats.enumerated() {
        let share = kernel[(output * 6 + 2) * 9..<(output * 6 + 3) * 9].reduce(0, +)
        #expect(abs(value - before[output] - 0.75 * share) < 1e-5)
      }
    }

    /// A filter of zeros under a shift is the constant relu(shift - mean * scale / deviation): without the fold the
    /// outputs change, and it is no unit of zeros to its readers.
    @Test func normalisationShiftsAreNotLost() throws {
      var graph = try TestNetworks.mixed()
      try set(&graph, "conv1.weight", row: 2, 0)
      try set(&graph, "bn1.bias", row: 2, 0.8)
      try set(&graph, "bn1.running_mean", row: 2, -0.25)
      for index in graph.nodes.indices {
        if case .convolution(var convolution) = graph.nodes[index].op, graph.nodes[index].name == "conv2" {
          convolution.padding = Padding()
          graph.nodes[index].op = .convolution(convolution)
        }
      }
      graph.weights["fc1.weight"] = try #require(graph.weights["fc1.weight"]).gathering(Array(0..<20), axis: 1)
      let source = try source()
      let (removal, _, kept) = try removed(graph, source)
      #expect(removal.units.kinds["conv1"] == [2: .zero])
      #expect(removal.folds.map(\.node) == ["conv2"])
      let naive = try outputs(ChannelAnalysis(graph).compacted(graph, keeping: kept), source)
      #expect(zip(naive, try outputs(graph, source)).contains { abs($0 - $1) > 1e-3 })
      let scale = try #require(graph.weights["bn1.weight"]).floats[2]
      let variance = try #require(graph.weights["bn1.running_var"]).floats[2]
      let constant = 0.8 + 0.25 * scale / (variance + 1e-5).squareRoot()
      let kernel = try #require(graph.weights["conv2.weight"]).floats
      let before = try #require(graph.weights["conv2.bias"]).floats
      let after = try #require(removal.graph.weights["conv2.bias"]).floats
      for output in 0..<5 {
        let share = kernel[(output * 6 + 2) * 9..<(output * 6 + 3) * 9].reduce(0, +)
        #expect(abs(after[output] - before[output] - constant * share) < 1e-5)
      }
    }

    /// Behind zero padding a constant is no constant to the reader, unless it is zero.
    @Test func paddedConstantsStay() throws {
      var graph = try plain(padding: 1)
      try set(&graph, "a.bias", row: 0, -1e3)
      try set(&graph, "a.weight", row: 2, 0)
      try set(&graph, "a.bias", row: 2, 0.75)
      let (removal, _, kept) = try removed(graph, source())
      #expect(kept["a"] == [1, 2, 3, 4, 5])
      #expect(removal.units.refusals.map(\.unit) == [2])
      #expect(removal.units.refusals.first?.reason.contains("'b'") == true)
      #expect(removal.units.refusals.first?.reason.contains("0.75") == true)
    }

    @Test func residualUnitsLeaveOnlyTogether() throws {
      var builder = GraphBuilder("residual", seed: 3)
      var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
      let a = builder.convolution("a", x, inputs: 3, outputs: 6, kernel: 3, padding: 1, bias: true)
      let stem = builder.relu("relu1", builder.batchNormalization("bn1", a, channels: 6))
      let inner = builder.convolution("b", stem, inputs: 6, outputs: 4, kernel: 1, bias: true)
      let c = builder.convolution("c", builder.relu("relu2", inner), inputs: 4, outputs: 6, kernel: 1, bias: true)
      x = builder.node("pool", .globalMaxPool, builder.add("sum", stem, c))
      x = builder.linear("fc", builder.flatten("flat", x), inputs: 6, outputs: 4, bias: false)
      var graph = TopologyZoo.randomized(
        try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)]), seed: 2)
      // Unit 0 is silent in the stem only, 1 constant in both, 2 silent in both, 3 zero in the branch only.
      for unit in 0..<3 { try set(&graph, "bn1.weight", row: unit, 0) }
      for (unit, shift) in [(0, Float(-1)), (1, 0.5), (2, -2)] { try set(&graph, "bn1.bias", row: unit, shift) }
      for unit in 1...3 { try set(&graph, "c.weight", row: unit, 0) }
      for (unit, bias) in [(1, Float(0.25)), (2, 0), (3, 0)] { try set(&graph, "c.bias", row: unit, bias) }
      let (removal, compacted, kept) = try removed(graph, source())
      #expect(kept["a"] == [0, 3, 4, 5])
      #expect(removal.units.kinds["a"]?.keys.sorted() == [1, 2])
      // Where the sum is read: 0.5 + 0.25; in the branch 0.5 alone.
      #expect(removal.folds.map(\.node) == ["b", "fc"])
      let weights = try #require(graph.weights["fc.weight"]).floats
      for (output, value) in try #require(compacted.weights["fc.bias"]).floats.enumerated() {
        #expect(abs(value - 0.75 * weights[output * 6 + 1]) < 1e-6)
      }
    }

    /// One channel is a block of columns behind a Flatten; a saturated clip is constant, and the pooling of negatives too.
    @Test func flattenedAndSaturatedUnitsLeave() throws {
      var builder = GraphBuilder("flat", seed: 3)
      var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
      x = builder.convolution("a", x, inputs: 3, outputs: 6, kernel: 3, bias: true)
      x = builder.maxPool("pool", builder.clip("clip", x, minimum: -0.5, maximum: 6), kernel: 2)
      x = builder.linear("fc1", builder.flatten("flatten", x), inputs: 54, outputs: 8)
      x = builder.linear("fc2", builder.node("sigmoid", .activation(.sigmoid), x), inputs: 8, outputs: 4)
      var graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
      try set(&graph, "a.bias", row: 1, 1e4)
      try set(&graph, "a.bias", row: 4, -1e4)
      // Nothing goes into the sigmoid, out of which comes one half.
      try set(&graph, "fc1.weight", row: 5, 0)
      try set(&graph, "fc1.bias", row: 5, 0)
      let (removal, compacted, kept) = try removed(graph, source())
      #expect(removal.units.kinds == ["a": [1: .constantOnData, 4: .constantOnData], "fc1": [5: .zero]])
      #expect(kept == ["a": [0, 2, 3, 5], "fc1": [0, 1, 2, 3, 4, 6, 7]])
      #expect(compacted.weights["fc1.weight"]?.shape == [7, 36])
      #expect(
        removal.folds == [
          .init(node: "fc1", bias: "fc1.bias", channels: 18), .init(node: "fc2", bias: "fc2.bias", channels: 1),
        ])
      let before = try #require(graph.weights["fc2.bias"]).floats
      let column = try #require(graph.weights["fc2.weight"]).floats
      for (output, value) in try #require(compacted.weights["fc2.bias"]).floats.enumerated() {
        #expect(abs(value - before[output] - 0.5 * column[output * 8 + 5]) < 1e-6)
      }
    }

    /// What only redundant units read is redundant.
    @Test func unreadUnitsMakeOthersUnread() throws {
      var graph = try plain()
      try set(&graph, "fc.weight", column: 1, 0)
      let kernel = try #require(graph.weights["b.weight"])
      // Unit 4 of the first layer feeds unit 1 of the second alone.
      var floats = kernel.floats
      for output in [0, 2, 3, 4] { for place in 0..<9 { floats[(output * 6 + 4) * 9 + place] = 0 } }
      graph.weights["b.weight"] = TensorData(shape: kernel.shape, floats: floats)
      let (removal, _, kept) = try removed(graph, source())
      #expect(removal.units.kinds == ["a": [4: .unread], "b": [1: .unread]])
      #expect(kept == ["a": [0, 1, 2, 3, 5], "b": [0, 2, 3, 4]])
      #expect(removal.folds.isEmpty)
    }

    @Test func productsGetTheirConstantsAdded() throws {
      for hasBias in [true, false] {
        var builder = GraphBuilder("rows", seed: 4)
        var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
        x = builder.relu(
          "relu", builder.matrix("embed", builder.reshape("rows", x, [0, 24, 8]), inputs: 8, outputs: 6))
        x = builder.matrix("mix", x, inputs: 6, outputs: 5, bias: hasBias)
        x = builder.reduceMean("mean", builder.node("tanh", .activation(.tanh), x), axes: [1], keepsAxes: false)
        x = builder.linear("fc", x, inputs: 5, outputs: 4)
        var graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
        graph.weights["embed.bias"] = TensorData(shape: [6], floats: [-90, 0.1, 0.5, 0, 0, 1])
        try set(&graph, "embed.weight", column2D: 2, 0)
        let (removal, compacted, kept) = try removed(graph, source())
        #expect(kept["embed"] == [1, 3, 4, 5])
        #expect(removal.folds == [.init(node: "mix", bias: "mix.bias", channels: 1)])
        #expect(compacted.nodes.count == graph.nodes.count + (hasBias ? 0 : 1))
      }
    }

    private func set(_ graph: inout Graph, _ weight: String, column2D column: Int, _ value: Float) throws {
      let tensor = try #require(graph.weights[weight])
      graph.weights[weight] = TensorData(
        shape: tensor.shape,
        floats: tensor.floats.enumerated().map { $0 % tensor.shape[1] == column ? value : $1 })
    }

    /// A bias that two layers share ties their units, and cannot take what only one of them has to hold.
    @Test func sharedBiasesAreLeftAlone() throws {
      var builder = GraphBuilder("shared", seed: 3)
      var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
      x = builder.relu("relu", builder.convolution("a", x, inputs: 3, outputs: 5, kernel: 3, bias: true))
      let left = builder.convolution("b", x, inputs: 5, outputs: 5, kernel: 1, bias: true)
      let right = builder.convolution("c", builder.relu("relu2", left), inputs: 5, outputs: 5, kernel: 1)
      x = builder.node("pool", .globalAveragePool, right)
      x = builder.linear("fc", builder.flatten("flat", x), inputs: 5, outputs: 4)
      var graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
      let position = try #require(graph.nodes.firstIndex { $0.name == "c" })
      graph.nodes[position].inputs.append("b.bias")
      try set(&graph, "a.weight", row: 3, 0)
      try set(&graph, "a.bias", row: 3, 0.5)
      let (removal, compacted, _) = try removed(graph, source())
      #expect(compacted == graph)
      #expect(removal.units.refusals.map(\.unit) == [3])
      #expect(removal.units.refusals.first?.reason.contains("no bias") == true)
    }

    /// A layer normalisation counts a constant unit in its mean: it stays, and its reason names the node.
    @Test func mixedUnitsStay() throws {
      var builder = GraphBuilder("norm", seed: 4)
      var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
      x = builder.matrix("embed", builder.reshape("rows", x, [0, 24, 8]), inputs: 8, outputs: 6)
      x = builder.layerNormalization("norm", x, size: 6)
      x = builder.reduceMean("mean", x, axes: [1], keepsAxes: false)
      x = builder.linear("fc", x, inputs: 6, outputs: 4)
      var graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
      try set(&graph, "embed.weight", column2D: 2, 0)
      let (removal, compacted, _) = try removed(graph, source())
      #expect(compacted == graph)
      #expect(removal.units.refusals.map(\.unit) == [2])
      #expect(removal.units.refusals.first?.reason.contains("'norm' (LayerNormalization)") == true)
    }

    /// What a recurrent layer makes goes back into it: a unit that nobody else reads stays, with the reason. One of zeros puts out
    /// zeros and leaves.
    @Test(arguments: RecurrentCell.allCases, [Recurrent.Direction.forward, .bidirectional])
    func recurrentUnitsOfZerosLeave(cell: RecurrentCell, direction: Recurrent.Direction) throws {
      var graph = try recurrent(cell, direction)
      let group = try #require(ChannelAnalysis(graph).groups.first)
      let dead = direction == .forward ? [2] : [2, 9]
      for slice in dead.flatMap({ group.units[$0].slices }) where slice.isOutput { zero(&graph, slice) }
      try set(&graph, "fc.weight", column2D: 4, 0)
      let (removal, compacted, kept) = try removed(graph, source())
      #expect(Set(removal.units.kinds["layer"]?.keys.map { $0 } ?? []) == Set(dead))
      #expect(kept["layer"] == group.units.indices.filter { !dead.contains($0) })
      #expect(compacted.weights["layer.R"]?.shape == [direction.count, cell.gates * 5, 5])
      for refusal in removal.units.refusals { #expect(refusal.reason == "'layer' feeds it back to itself") }
    }

    /// A first state that is computed may be anything.
    @Test(arguments: RecurrentCell.allCases) func recurrentUnitsWithAStateStay(cell: RecurrentCell) throws {
      var graph = try recurrent(cell, .forward, hasState: true)
      let group = try #require(ChannelAnalysis(graph).groups.first { $0.layers.contains("layer") })
      for slice in group.units[2].slices where slice.isOutput { zero(&graph, slice) }
      let (removal, compacted, _) = try removed(graph, source())
      #expect(compacted == graph)
      #expect(removal.units.isEmpty)
      #expect(removal.units.refusals.map(\.unit) == [2])
      #expect(removal.units.refusals.first?.reason.contains("'layer'") == true)
    }

    private func recurrent(
      _ cell: RecurrentCell, _ direction: Recurrent.Direction, hasState: Bool = false
    ) throws -> Graph {
      var builder = GraphBuilder("recurrent", seed: 4)
      let width = 6 * direction.count
      var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
      x = builder.reshape("rows", x, [0, 24, 8])
      var state = ""
      if hasState {
        state = builder.linear(
          "begin", builder.reduceMean("mean", x, axes: [1], keepsAxes: false), inputs: 8, outputs: 6)
        state = builder.unsqueeze("state", builder.node("bend", .activation(.tanh), state), axes: [0])
      }
      x = builder.transpose("steps", x, [1, 0, 2])
      x =
        builder.recurrent("layer", x, cell, inputs: 8, hidden: 6, direction: direction, initialH: state).sequence
      x = builder.reshape("flat", builder.transpose("turn", x, [0, 2, 1, 3]), [0, 0, width])
      x = builder.gather("last", x, at: -1, axis: 0)
      x = builder.linear("fc", x, inputs: width, outputs: 4)
      return try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
    }

    /// Through a depthwise convolution: a constant stays one without padding only.
    @Test(arguments: [0, 1])
    func depthwiseConvolutionsPassUnitsOn(padding: Int) throws {
      var builder = GraphBuilder("depthwise", seed: 3)
      var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
      x = builder.relu("relu1", builder.convolution("a", x, inputs: 3, outputs: 6, kernel: 3, bias: true))
      x = builder.convolution("d", x, inputs: 6, outputs: 6, kernel: 3, padding: padding, groups: 6, bias: true)
      x = builder.convolution("b", x, inputs: 6, outputs: 4, kernel: 1)
      x = builder.node("pool", .globalAveragePool, builder.relu("relu2", x))
      x = builder.linear("fc", builder.flatten("flat", x), inputs: 4, outputs: 4)
      var graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
      try set(&graph, "a.weight", row: 2, 0)
      try set(&graph, "a.bias", row: 2, 0.5)
      try set(&graph, "a.bias", row: 4, -1e3)
      let (_, _, kept) = try removed(graph, source())
      #expect(kept["a"] == (padding == 0 ? [0, 1, 3, 5] : [0, 1, 2, 3, 5]))
    }

    /// With stale statistics all units look dead; measured anew, none is.
    @Test func staleStatisticsMakeUnitsLookDead() throws {
      let source = try source()
      let graph = try TestNetworks.mixed()
      let module = try GraphModule(graph)
      try #require(module.tensor(named: "bn1.running_mean")).fill_(1e3)
      func found() throws -> Int {
        try RedundantUnits(module, analysis: ChannelAnalysis(graph), data: source, seed: 1).kinds["conv1"]?.count ?? 0
      }
      #expect(try found() == 6)
      try Recalibration.run(module, on: source, batches: 4, batchSize: 8, seed: 1)
      #expect(try found() == 0)
    }

    // MARK: Constraints

    @Test func oneUnitStaysAndRoundingHolds() throws {
      var graph = try plain()
      for unit in 0..<6 { try set(&graph, "a.bias", row: unit, -1e3) }
      let source = try source()
      #expect(try removed(graph, source).kept["a"]?.count == 1)
      #expect(try removed(graph, source, roundTo: 4).kept["a"]?.count == 4)

      var grouped = try plain()
      try set(&grouped, "a.bias", row: 0, -1e3)
      #expect(try removed(grouped, source, roundTo: 2).kept["a"]?.count == 6)
    }

    /// Groups of one convolution lose equal counts.
    @Test func groupsStayEqual() throws {
      var builder = GraphBuilder("grouped", seed: 3)
      var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
      x = builder.relu("relu1", builder.convolution("a", x, inputs: 3, outputs: 6, kernel: 3, bias: true))
      x = builder.relu("relu2", builder.convolution("b", x, inputs: 6, outputs: 6, kernel: 3, groups: 2, bias: true))
      x = builder.node("pool", .globalAveragePool, x)
      x = builder.linear("fc", builder.flatten("flat", x), inputs: 6, outputs: 4)
      var graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)])
      for (unit, value) in [(0, Float(0.5)), (1, 0.25), (4, 2)] {
        try set(&graph, "a.weight", row: unit, 0)
        try set(&graph, "a.bias", row: unit, value)
      }
      let (removal, compacted, kept) = try removed(graph, source())
      #expect(removal.units.kinds["a"]?.count == 3)
      #expect(kept["a"] == [1, 2, 3, 5])
      #expect(compacted.weights["b.weight"]?.shape == [6, 2, 3, 3])
    }

    @Test func withoutDataOnlyWeightsAreLookedAt() throws {
      var graph = try plain()
      try set(&graph, "a.bias", row: 0, -1e3)
      try set(&graph, "a.weight", row: 2, 0)
      try set(&graph, "a.bias", row: 2, 0.75)
      try set(&graph, "a.weight", row: 1, 0)
      try set(&graph, "a.bias", row: 1, 0)
      try set(&graph, "b.weight", column: 3, 0)
      let removal = try removal(graph, nil)
      #expect(removal.units.kinds == ["a": [1: .zero, 2: .constant, 3: .unread]])
      expectEqual(try outputs(removal.graph, source()), try outputs(graph, source()))
    }

    // MARK: Plans

    /// Redundant units leave first and count towards the sparsity, whichever end of the statistic leaves.
    @Test(arguments: [Removal.low, .high], [Scope.global, .local])
    func redundantUnitsLeaveFirst(removal: Removal, scope: Scope) throws {
      var graph = try plain()
      // Large weights behind a bias that keeps the unit silent, and a unit of zeros.
      try set(&graph, "a.weight", row: 5, 3)
      try set(&graph, "a.bias", row: 5, -1e4)
      try set(&graph, "a.weight", row: 0, 0)
      try set(&graph, "a.bias", row: 0, 0.5)
      let source = try source()
      func outcome(_ share: Double) throws -> PruningOutcome {
        let plan = PruningPlan(
          criterion: .l1, ranking: Ranking(removal: removal), scope: scope, sparsity: .uniform(share),
          removesRedundant: true)
        return try PruningStep.apply(plan, to: GraphModule(graph), data: source)
      }
      for share in [0.0, 0.1] {
        let none = try outcome(share)
        if share == 0 || scope == .global {
          // Two of eleven units leave whatever the share; nine tenths of eleven are nine.
          #expect(none.keptUnits == ["a": [1, 2, 3, 4], "b": [0, 1, 2, 3, 4]])
          expectEqual(try outputs(none.graph, source), try outputs(graph, source))
        }
        let folded = try #require(none.adjusted)
        expectEqual(try outputs(folded, source), try outputs(graph, source))
      }
      #expect(try outcome(0).redundant == RedundantCounts(exact: 1, onCalibrationData: 1))
      let half = try outcome(0.5)
      #expect(half.keptUnits["a"]?.contains { $0 == 0 || $0 == 5 } == false)
      #expect(half.keptUnits.values.reduce(0) { $0 + $1.count } == 5)
      if scope == .local { #expect(half.keptUnits.mapValues(\.count) == ["a": 3, "b": 2]) }
    }

    @Test func withoutRedundantUnitsThePlanIsAsBefore() throws {
      let graph = try plain()
      let source = try source()
      for criterion in [Criterion.l1, .skewness, .taylor] {
        var plan = PruningPlan(criterion: criterion, sparsity: .uniform(0.4))
        let before = try PruningStep.apply(plan, to: GraphModule(graph), data: source)
        plan.removesRedundant = true
        let after = try PruningStep.apply(plan, to: GraphModule(graph), data: source)
        #expect(after.keptUnits == before.keptUnits && after.graph == before.graph)
      }
    }

    @Test func layersOutsideThePlanKeepTheirRedundantUnits() throws {
      var graph = try plain()
      try set(&graph, "a.bias", row: 1, -1e3)
      let plan = PruningPlan(
        criterion: .l1, sparsity: .uniform(0), layers: LayerSet(include: ["b"]), removesRedundant: true)
      let outcome = try PruningStep.apply(plan, to: GraphModule(graph), data: source())
      #expect(outcome.graph == graph)
    }

    // MARK: The zoo

    /// In every topology units of zeros, units that nothing reads and, with data, dead ones are planted; whatever is found
    /// leaves without a trace.
    @Test(arguments: try TopologyZoo.all())
    func outputsStayInTheZoo(topology: Topology) throws {
      guard topology.graph.inputs.count == 1, topology.graph.inputs[0].elementType == .float32 else { return }
      var graph = topology.graph
      let kernels = Set(graph.prunableWeights().map(\.weight))
      let biases = Set(graph.nodes.filter { !$0.kernelPositions.isEmpty }.flatMap { $0.inputs.dropFirst(2) })
      let analysis = try ChannelAnalysis(graph)
      var planted = 0
      for group in analysis.groups where group.units.count > 2 {
        for slice in group.units[0].slices where slice.isOutput && slice.rows == nil {
          guard kernels.contains(slice.weight) || biases.contains(slice.weight) else { continue }
          zero(&graph, slice)
        }
        for slice in group.units[1].slices where !slice.isOutput && slice.rows == nil { zero(&graph, slice) }
        planted += 1
      }
      let shape = topology.inputShape(batch: 3)
      var source: BatchSource?
      if shape.count == 4, case .symbolic = graph.inputs[0].shape[0] {
        source = try TestNetworks.source(TestNetworks.images(24, channels: shape[1], size: shape[2]))
      }
      let module = try GraphModule(graph)
      let units = try RedundantUnits(
        module, analysis: analysis, data: source, seed: 1, calibration: Calibration(batches: 1, batchSize: 24))
      let removal = RedundancyRemoval(units, analysis: analysis, graph: graph)
      let kept = removal.removing(
        from: Dictionary(uniqueKeysWithValues: analysis.groups.map { ($0.name, Array($0.units.indices)) }),
        .dense(seed: 1))
      let compacted = try ChannelAnalysis(removal.graph).compacted(removal.graph, keeping: kept)
      let input = try source?.batch((0..<24).map { Int64($0) }).images ?? TorchGenerator(seed: 5).normal(shape)
      let wanted = try module.infer(input).floats
      expectEqual(try GraphModule(removal.graph).infer(input).floats, wanted, "\(topology) folded")
      expectEqual(try GraphModule(compacted).infer(input).floats, wanted, "\(topology) compacted")
      if planted > 0, ["plain", "residual"].contains(graph.name) { #expect(!units.isEmpty) }
    }

    private func zero(_ graph: inout Graph, _ slice: WeightSlice) {
      guard let tensor = graph.weights[slice.weight], tensor.elementType == .float32 else { return }
      var floats = tensor.floats
      let inner = tensor.shape[(slice.axis + 1)...].reduce(1, *)
      let rowInner = tensor.shape[(slice.rowAxis + 1)...].reduce(1, *)
      for place in floats.indices where slice.indices.contains(place / inner % tensor.shape[slice.axis]) {
        if let rows = slice.rows, !rows.contains(place / rowInner % tensor.shape[slice.rowAxis]) { continue }
        floats[place] = 0
      }
      graph.weights[slice.weight] = TensorData(shape: tensor.shape, floats: floats)
    }
  }
}
