import ChannelGroups
import GraphRuntime
import ModelGraph
import StudyModel
import Support
import Tensors
import Testing
import Training

extension ComputeSuite {
  /// Penalties against closed forms, definitions and finite differences.
  @Suite struct PenaltyTests {
    /// Minimises 1/2 |w - target|^2 plus the penalty by plain descent; what the steps of the penalty make of it.
    private func minimum(
      of target: [Float], shape: [Int], steps: Int, rate: Double, decays: Bool = false,
      _ penalty: (Tensor) throws -> any WeightPenalty
    ) throws -> [Float] {
      let goal = try Tensor(floats: target, shape: shape)
      let weight = try Tensor(floats: target.map { -0.3 * $0 + 0.1 }, shape: shape).requiringGrad()
      let penalty = try penalty(weight)
      for step in 0..<steps {
        let rate = decays ? rate / (1 + Double(step) / 20) : rate
        try weight.sub(goal).square().sum().mul(0.5).backward()
        try penalty.joinGradients(learningRate: rate)
        try Tensor.sgdStep(parameters: [weight], velocities: [], learningRate: rate)
        try penalty.followStep(learningRate: rate)
        try weight.clearGrad()
      }
      return try weight.detach().floats
    }

    /// The lasso on an orthogonal design has the soft threshold as its solution.
    @Test func lassoIsTheSoftThreshold() throws {
      let target: [Float] = [1.5, -0.2, 0.7, -2, 0.5, 0.05]
      let expected = target.map { $0.magnitude > 0.5 ? ($0 > 0 ? $0 - 0.5 : $0 + 0.5) : 0 }
      let exact = try minimum(of: target, shape: [2, 3], steps: 80, rate: 0.5) {
        L1Penalty([$0], strength: 0.5, step: .proximal)
      }
      for (value, wanted) in zip(exact, expected) { #expect(abs(value - wanted) < 1e-5, "\(exact)") }
      // Exact zeros, where the subgradient only comes near them.
      #expect(zip(exact, expected).allSatisfy { ($0 == 0) == ($1 == 0) })
      let near = try minimum(of: target, shape: [2, 3], steps: 600, rate: 0.5, decays: true) {
        L1Penalty([$0], strength: 0.5, step: .gradient)
      }
      for (value, wanted) in zip(near, expected) { #expect(abs(value - wanted) < 0.02, "\(near)") }
      let leader = try minimum(of: target, shape: [2, 3], steps: 300, rate: 0.5) {
        try FollowRegularizedLeader(["w": $0], strength: 0.5, learningRate: 0.5)
      }
      for (value, wanted) in zip(leader, expected) { #expect(abs(value - wanted) < 2e-3, "\(leader)") }
      #expect(zip(leader, expected).allSatisfy { ($0 == 0) == ($1 == 0) }, "\(leader)")
    }

    private func rows(of weight: String, count: Int) -> ChannelGroup {
      ChannelGroup(
        name: "rows", layers: ["layer"],
        units: (0..<count).map { row in
          ChannelUnit(slices: [WeightSlice(weight: weight, axis: 0, indices: [row], isOutput: true)])
        })
    }

    /// Likewise the group lasso: each row shrinks by strength sqrt(size) of its norm, or vanishes.
    @Test func groupLassoIsTheBlockSoftThreshold() throws {
      let target: [Float] = [3, 4, 0, 0.3, -0.4, 0.1, -1, 2, 2]
      let threshold = 0.5 * Float(3).squareRoot()
      let expected = (0..<3).flatMap { row -> [Float] in
        let own = target[3 * row..<3 * row + 3]
        let norm = own.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return own.map { $0 * max(0, 1 - threshold / norm) }
      }
      let exact = try minimum(of: target, shape: [3, 3], steps: 80, rate: 0.5) {
        try GroupLasso([rows(of: "w", count: 3)], parameters: ["w": $0], strength: 0.5, step: .proximal)
      }
      for (value, wanted) in zip(exact, expected) { #expect(abs(value - wanted) < 1e-5, "\(exact)") }
      #expect(exact[3..<6].allSatisfy { $0 == 0 })
      let near = try minimum(of: target, shape: [3, 3], steps: 600, rate: 0.5, decays: true) {
        try GroupLasso([rows(of: "w", count: 3)], parameters: ["w": $0], strength: 0.5, step: .gradient)
      }
      for (value, wanted) in zip(near, expected) { #expect(abs(value - wanted) < 0.03, "\(near)") }
      let leader = try minimum(of: target, shape: [3, 3], steps: 60, rate: 0.5) {
        try FollowRegularizedLeader(
          ["w": $0], groups: [rows(of: "w", count: 3)], strength: 0.5, learningRate: 0.5)
      }
      #expect(leader[3..<6].allSatisfy { $0 == 0 } && leader[0] > 1 && leader[7] > 0.5, "\(leader)")
    }

    /// By the definition: after every step each weight is where the sum of the linearised losses, the ties to where it
    /// was and the penalties is least; the minimum is searched, not solved for.
    @Test func theLeaderMinimisesWhatItsDefinitionSays() throws {
      let start: [Float] = [0.4, -0.02, 0, 0.7, -0.3]
      let (strength, alpha, beta) = (0.03, 0.2, 1.0)
      let weight = try Tensor(floats: start, shape: [5]).requiringGrad()
      let leader = try FollowRegularizedLeader(["w": weight], strength: strength, learningRate: alpha)
      var generator = SeededGenerator(seed: 4, stream: "leader")
      var history: [(gradients: [Double], weights: [Double])] = []
      var zeros = 0
      for step in 1...25 {
        let gradients = (0..<5).map { $0 == 1 ? 0.01 : (generator.uniform() - 0.4) * 0.3 }
        history.append((gradients, try weight.detach().doubles))
        try weight.mul(Tensor(floats: gradients.map { Float($0) }, shape: [5])).sum().backward()
        try leader.joinGradients(learningRate: 123)
        #expect(weight.grad == nil)
        let found = try weight.detach().doubles
        for place in 0..<5 {
          func cost(_ w: Double) -> Double {
            var sum = Double(step) * strength * abs(w)
            var squares = 0.0
            for (gradients, weights) in history {
              let sigma = ((squares + gradients[place] * gradients[place]).squareRoot() - squares.squareRoot()) / alpha
              squares += gradients[place] * gradients[place]
              sum += gradients[place] * w + sigma / 2 * (w - weights[place]) * (w - weights[place])
            }
            let away = w - Double(start[place])
            return sum + beta / (2 * alpha) * away * away
          }
          // The cost is convex: thirds of a range that holds the minimum.
          var (low, high) = (-3.0, 3.0)
          for _ in 0..<200 {
            let (a, b) = (low + (high - low) / 3, high - (high - low) / 3)
            if cost(a) < cost(b) { high = b } else { low = a }
          }
          #expect(abs(found[place] - (low + high) / 2) < 1e-5, "step \(step), weight \(place): \(found[place])")
          if found[place] == 0 { zeros += 1 }
        }
      }
      #expect(zeros > 20, "small weights are exactly zero")
    }

    /// The value by plain loops over units and slices, and the gradient by differences of the value.
    @Test func groupLassoOverANetworksGroups() throws {
      let graph = try TestNetworks.mixed()
      let module = try GraphModule(graph)
      let groups = try ChannelAnalysis(graph).groups
      let lasso = try GroupLasso(groups, in: module, strength: 0.7, step: .gradient)
      let parameters = Set(module.parameters.map(\.name))
      var expected = 0.0
      for group in groups {
        for unit in group.units {
          var (sum, count) = (0.0, 0)
          for slice in unit.slices where parameters.contains(slice.weight) {
            #expect(slice.rows == nil)
            let tensor = try #require(graph.weights[slice.weight])
            let inner = tensor.shape[(slice.axis + 1)...].reduce(1, *)
            for (place, value) in tensor.floats.enumerated()
            where slice.indices.contains(place / inner % tensor.shape[slice.axis]) {
              sum += Double(value) * Double(value)
              count += 1
            }
          }
          expected += 0.7 * Double(count).squareRoot() * sum.squareRoot()
        }
      }
      let value = try lasso.value()
      #expect(abs(value - expected) < 1e-4 * expected, "\(value) against \(expected)")
      try expectGradient(lasso, in: module)
    }

    @Test func gradientsOfTheOthers() throws {
      let module = try GraphModule(TestNetworks.mixed())
      let kernel = try #require(module.tensor(named: "conv2.weight"))
      try expectGradient(L1Penalty([kernel], strength: 0.3, step: .gradient), in: module)
      let mask = try TorchGenerator(seed: 1).bernoulli(kernel.shape, probability: 0.5)
      let growing = GrowingPenalty([(kernel, mask)], growth: 0.25, step: .gradient)
      try growing.joinGradients(learningRate: 1)
      #expect(growing.factor == 0.25)
      try zeroedGradients(module)
      // The step that is compared raises the factor once more.
      try growing.joinGradients(learningRate: 1)
      #expect(growing.factor == 0.5)
      try expectDifferences(growing, in: module)
      for _ in 0..<9 { try growing.joinGradients(learningRate: 1) }
      #expect(growing.factor == 1)
    }

    private func zeroedGradients(_ module: GraphModule) throws {
      try module.zeroGradients()
      for (_, tensor) in module.parameters { try tensor.mul(0).sum().backward() }
    }

    private func expectGradient(_ penalty: any WeightPenalty, in module: GraphModule) throws {
      try zeroedGradients(module)
      try penalty.joinGradients(learningRate: 1)
      try expectDifferences(penalty, in: module)
    }

    private func expectDifferences(_ penalty: any WeightPenalty, in module: GraphModule) throws {
      var compared = 0
      for (name, tensor) in module.parameters {
        guard let gradient = try tensor.grad?.floats else { continue }
        let values = try tensor.detach().floats
        for place in stride(from: 0, to: values.count, by: max(1, values.count / 7)) {
          func value(_ shift: Float) throws -> Double {
            var moved = values
            moved[place] += shift
            try tensor.copy_(Tensor(floats: moved, shape: tensor.shape))
            return try penalty.value()
          }
          let step: Float = min(0.01, max(values[place].magnitude / 4, 1e-3))
          let slope = try (value(step) - value(-step)) / Double(2 * step)
          try tensor.copy_(Tensor(floats: values, shape: tensor.shape))
          #expect(abs(slope - Double(gradient[place])) < 0.01 + 0.02 * abs(slope), "\(name)[\(place)]")
          if gradient[place] != 0 { compared += 1 }
        }
      }
      #expect(compared > 5)
    }

    /// A gate's first step is against the derivative of the loss by its channel's scale.
    @Test func gatesFollowTheirChannels() throws {
      let graph = try TestNetworks.mixed()
      let source = try TestNetworks.source(TestNetworks.images(24))
      let module = try GraphModule(graph)
      let group = try #require(try ChannelAnalysis(graph).groups.first { $0.name == "conv2" })
      let (images, labels) = try source.batch(0..<24)
      func loss() throws -> Tensor { try module.scores(images, mode: .evaluation).crossEntropy(labels: labels) }
      let gates = try ChannelGates([group], in: module, strength: 0.5)
      try loss().backward()
      try gates.joinGradients(learningRate: 0.01)
      let moved = try #require(try gates.gates()["conv2"])
      let weight = try #require(module.tensor(named: "conv2.weight"))
      let bias = try #require(module.tensor(named: "conv2.bias"))
      let (weights, biases) = (try weight.detach().floats, try bias.detach().floats)
      let row = weights.count / 5
      for unit in 0..<5 {
        func scaled(_ factor: Float) throws -> Double {
          var (w, b) = (weights, biases)
          for place in unit * row..<(unit + 1) * row { w[place] *= factor }
          b[unit] *= factor
          try weight.copy_(Tensor(floats: w, shape: weight.shape))
          try bias.copy_(Tensor(floats: b, shape: bias.shape))
          return try withoutGradients { try loss().item() }
        }
        let slope = try (scaled(1.02) - scaled(0.98)) / 0.04
        #expect(abs(Double(moved[unit]) - min(1, 1 - 0.01 * (slope + 0.5))) < 1e-4, "unit \(unit)")
      }
      try weight.copy_(Tensor(floats: weights, shape: weight.shape))
      try gates.followStep(learningRate: 0.01)
      let after = try weight.detach().floats
      for place in weights.indices { #expect(abs(after[place] - weights[place] * moved[place / row]) < 1e-6) }
    }

    /// Channels that nearly nothing reads and that are nearly nothing leave, all of them at once, with everything that
    /// is theirs; the others stay.
    @Test func plantedUselessChannelsVanish() throws {
      let source = try TestNetworks.source(TestNetworks.images(200))
      var graph = try TestNetworks.mixed()
      let planted = [1, 4]
      for (name, axis) in [("conv1.weight", 0), ("bn1.weight", 0), ("bn1.bias", 0), ("conv2.weight", 1)] {
        let tensor = try #require(graph.weights[name])
        let inner = tensor.shape[(axis + 1)...].reduce(1, *)
        graph.weights[name] = TensorData(
          shape: tensor.shape,
          floats: tensor.floats.enumerated().map { place, value in
            planted.contains(place / inner % tensor.shape[axis]) ? value * 0.03 : value
          })
      }
      let groups = try ChannelAnalysis(graph).groups.filter { $0.name == "conv1" }
      for update in [SparseTraining.Update.proximal, .ftrl] {
        let module = try GraphModule(graph)
        let training = SparseTraining(.groupLasso, update: update, strength: update == .ftrl ? 0.01 : 0.03)
        let penalty = try training.penalty(
          in: module, targets: PenaltyTargets(groups: groups, kernels: []), learningRate: 0.05)
        try FineTuning.run(
          module, on: source, recovery: Recovery(learningRate: 0.05, weightDecay: 0, batchSize: 20), epochs: 5,
          seed: 1, penalty: penalty)
        let faces = try UnitLayout(
          try #require(groups.first), device: .cpu, shape: { module.graph.weights[$0]?.shape },
          including: { !$0.weight.contains("running") })
        let norms = try #require(try faces.norms { try module.tensor(named: $0)?.detach() }).floats
        for unit in 0..<6 { #expect((norms[unit] == 0) == planted.contains(unit), "\(update): \(norms)") }
        #expect(try AccuracyMeasurement.run(module, on: source).accuracy.share > 0.9, "\(update)")
      }
    }

    @Test func whatCannotBeIsRefused() throws {
      let module = try GraphModule(TestNetworks.mixed())
      let targets = PenaltyTargets(groups: [], kernels: ["conv1.weight"])
      func code(_ training: SparseTraining, _ targets: PenaltyTargets) -> TrainingError.Code? {
        do {
          _ = try training.penalty(in: module, targets: targets, learningRate: 0.1)
          return nil
        } catch { return (error as? TrainingError)?.code }
      }
      #expect(code(SparseTraining(.growing, update: .ftrl), targets) == .invalidSettings)
      #expect(code(SparseTraining(.gates, update: .ftrl), targets) == .invalidSettings)
      #expect(code(SparseTraining(.l1, strength: -1), targets) == .invalidSettings)
      #expect(code(SparseTraining(.l1), PenaltyTargets(groups: [], kernels: [])) == .invalidSettings)
      for penalty in SparseTraining.Penalty.allCases {
        for update in [SparseTraining.Update.gradient, .proximal] {
          #expect(code(SparseTraining(penalty, update: update), targets) == nil, "\(penalty) \(update)")
        }
      }
    }
  }
}
