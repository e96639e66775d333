import ChannelGroups
import GraphRuntime
import ModelGraph
import Support
import Tensors
import Training

/// Units that do nothing: whoever reads them does so with zero weights, or reads the same number at all samples and
/// positions, which its bias can hold instead.
///
/// Two claims are kept apart (`Kind.isExact`). What follows from the weights holds on any input: units of zeros, units whose
/// kernels are zero, and units that nothing reads. What was measured holds on the calibration samples: a unit that is constant there, dead behind its rectifier
/// say, may speak on others, and the network without it then computes something else.
///
/// What counts is the value at the consumers' inputs: a filter of zeros before a batch normalisation with a shift is a
/// constant that is not zero, and a unit of a residual stream is constant only when the whole sum is. Constant means
/// exactly equal on all calibration samples; without data, only units whose own kernels are all zero can be constant,
/// since their output cannot depend on the input (`ConstantUnits`). A constant other than zero that meets zero padding is in no bias;
/// such units stay, and so do those whose value has a part in what becomes of other channels (softmax, layer
/// normalisation, products of two computed values). Where nothing reads a unit but redundant ones, it is redundant too.
/// Units of recurrent layers stay, since each is read by all others at the next step, but for those of zeros that begin at
/// zero: tanh of nothing is zero at every step.
package struct RedundantUnits {
  package enum Kind: String, Sendable {
    /// All of its weights and biases are zero.
    case zero
    /// All that reads it does so with zero weights, or is such a unit itself.
    case unread
    /// All of its kernels are zero, so that it is what its biases make of it, the same number on any input.
    case constant
    /// It is the same number on all calibration data; never active is the number zero.
    case constantOnData = "constant on the calibration data"
    /// Only units that are constant on the calibration data read it.
    case unreadOnData = "read only by what is constant on the calibration data"

    /// True when the weights alone say so, whatever the input; false for what was measured.
    package var isExact: Bool {
      switch self {
      case .zero, .unread, .constant: true
      case .constantOnData, .unreadOnData: false
      }
    }
  }

  /// A unit that does nothing but has to stay.
  package struct Refusal: Sendable, Hashable {
    package var group: String
    package var unit: Int
    package var reason: String
  }

  /// One consumer's use of one channel.
  struct Reading {
    let node: Int
    let columns: KernelColumns
    let entry: Int
    let face: ChannelRanges.Face
    /// The number that is always read, if it is one.
    var constant: Double?
  }

  /// By group name and unit.
  package private(set) var kinds: [String: [Int: Kind]] = [:]
  /// In the order of groups and units.
  package private(set) var refusals: [Refusal] = []
  private(set) var readings: [UnitPlace: [Reading]] = [:]
  /// In the order of groups and units.
  private(set) var places: [UnitPlace] = []

  private let analysis: ChannelAnalysis
  private let graph: Graph
  private var floats: [String: [Float]] = [:]
  private var barriers: [UnitPlace: String] = [:]
  /// For each consuming node, the units of its output channels.
  private var outputUnits: [Int: [UnitPlace?]] = [:]

  /// Units of the groups that satisfy `isIncluded`; `analysis` is of the module's network.
  package init(
    _ module: GraphModule, analysis: ChannelAnalysis, data: BatchSource?, seed: UInt64,
    calibration: Calibration = Calibration(), progress: WorkProgress = .unwatched,
    including isIncluded: (ChannelGroup) -> Bool = { _ in true }
  ) throws {
    self.analysis = analysis
    graph = try module.exportedGraph()
    let candidates = analysis.groups.enumerated().flatMap { position, group in
      isIncluded(group) ? group.units.indices.map { UnitPlace(group: position, unit: $0) } : []
    }
    let zero = zeroUnits(candidates)
    try progress.report()
    try collectReadings(zero)
    try progress.report()
    let faces = Set(readings.values.joined().map(\.face))
    let known = try ConstantUnits(
      module, analysis: analysis, graph: graph, readings: ChannelReading.all(in: graph, analysis))
    let constants = Set(candidates.filter { known.contains($0.unit, of: analysis.groups[$0.group].name) })
    let ranges =
      data == nil
      ? try ChannelRanges(of: faces, onSamplesFor: module)
      : try ChannelRanges(
        of: faces,
        in: ScoringContext(module: module, data: data, seed: seed, calibration: calibration, progress: progress))
    for place in candidates where data != nil || zero.contains(place) || constants.contains(place) {
      for index in (readings[place] ?? []).indices {
        guard let reading = readings[place]?[index] else { continue }
        readings[place]?[index].constant = ranges.constant(reading.face, entry: reading.entry)
      }
    }
    try settle(candidates, zero, constants, progress)
  }

  package var isEmpty: Bool { places.isEmpty }

  package func contains(_ unit: Int, of group: String) -> Bool { kinds[group]?[unit] != nil }

  // MARK: Who reads what

  private mutating func collectReadings(_ zero: Set<UnitPlace>) throws {
    let shapes = try graph.shapes(binding: graph.sampleBinding())
    let readers = graph.consumers()
    for (index, node) in graph.nodes.enumerated() {
      for (position, input) in node.inputs.enumerated() where !input.isEmpty {
        for label in analysis.unitLabels(of: input) where label.units.contains(where: { $0 != nil }) {
          switch node.channelUse(of: position, along: label.axes, in: graph, readers: readers, shapes: shapes) {
          case .keepsApart: continue
          case .mixes: bar(label.units, "'\(node.name)' (\(node.op.onnxName)) does not read each channel by itself")
          case .contracts(let columns):
            let face = ChannelRanges.Face(value: input, axes: label.axes)
            for (entry, place) in label.units.enumerated() {
              guard let place else { continue }
              readings[place, default: []].append(
                Reading(node: index, columns: columns, entry: entry, face: face))
            }
            let outputs = analysis.unitLabels(of: node.outputs[0]).filter { $0.units.count == columns.outputCount }
            if outputs.count == 1 { outputUnits[index] = outputs[0].units }
          }
        }
      }
      if case .recurrent(let recurrent) = node.op {
        let silent = startsAtZero(recurrent, node) ? zero : []
        for label in node.outputs.flatMap({ analysis.unitLabels(of: $0) }) {
          let others = label.units.map { place in place.flatMap { silent.contains($0) ? nil : $0 } }
          bar(others, "'\(node.name)' feeds it back to itself")
        }
      }
    }
    for info in graph.inputs + graph.outputs {
      for label in analysis.unitLabels(of: info.name) {
        bar(label.units, "it enters or leaves the network as '\(info.name)'")
      }
    }
    for reading in readings.values.joined() where floats[reading.columns.weight] == nil {
      floats[reading.columns.weight] = graph.weights[reading.columns.weight]?.floats
    }
  }

  /// A unit of zeros puts out zeros: the usual functions are zero at zero where a state is made, and so is the first state. One
  /// that is a weight is a part of its units, which are judged with it.
  private func startsAtZero(_ recurrent: Recurrent, _ node: Node) -> Bool {
    let producers = Dictionary(
      graph.nodes.enumerated().flatMap { position, node in node.outputs.map { ($0, position) } },
      uniquingKeysWith: { first, _ in first })
    return recurrent.activations.isEmpty
      && node.inputs.dropFirst(5).prefix(2).allSatisfy { state in
        state.isEmpty || graph.weights[state] != nil
          || graph.isZero(state, producers: producers) { graph.weights[$0] }
      }
  }

  private mutating func bar(_ units: [UnitPlace?], _ reason: String) {
    for case let place? in units where barriers[place] == nil { barriers[place] = reason }
  }

  // MARK: Judging

  /// Marks units until no mark follows from another, and notes those that cannot leave.
  private mutating func settle(
    _ candidates: [UnitPlace], _ zero: Set<UnitPlace>, _ constants: Set<UnitPlace>, _ progress: WorkProgress
  ) throws {
    func kind(_ place: UnitPlace, otherwise measured: Kind) -> Kind {
      zero.contains(place) ? .zero : constants.contains(place) ? .constant : measured
    }
    var marked: [UnitPlace: Kind] = [:]
    var isSettled = false
    while !isSettled {
      try progress.report()
      isSettled = true
      for place in candidates where marked[place] == nil && barriers[place] == nil {
        let own = readings[place] ?? []
        let unread = own.map { isUnread($0, marked) }
        let isFree = zip(own, unread).allSatisfy { reading, isUnread in isUnread || reading.isFoldable }
        guard isFree else { continue }
        if unread.allSatisfy({ $0 }) {
          let exact = own.allSatisfy { isUnread($0, marked, where: \.isExact) }
          marked[place] = exact ? .unread : kind(place, otherwise: .unreadOnData)
        } else {
          marked[place] = kind(place, otherwise: .constantOnData)
        }
        isSettled = false
      }
    }
    for place in candidates {
      let group = analysis.groups[place.group].name
      if let kind = marked[place] {
        kinds[group, default: [:]][place.unit] = kind
        places.append(place)
      } else if let reason = reasonToStay(place, zero, marked) {
        refusals.append(Refusal(group: group, unit: place.unit, reason: reason))
      }
    }
  }

  /// All weights of the column are zero, but for those of outputs that are redundant themselves in one of the ways that count.
  private func isUnread(
    _ reading: Reading, _ marked: [UnitPlace: Kind], where counts: (Kind) -> Bool = { _ in true }
  ) -> Bool {
    guard let weights = floats[reading.columns.weight] else { return false }
    let outputs = outputUnits[reading.node]
    return reading.columns.column(reading.entry).allSatisfy { output, elements in
      if let place = outputs?[output], let kind = marked[place], counts(kind) { return true }
      return weights[elements].allSatisfy { $0 == 0 }
    }
  }

  /// Why a unit stays that is the same number wherever it is read, or has no weights.
  private func reasonToStay(
    _ place: UnitPlace, _ zero: Set<UnitPlace>, _ marked: [UnitPlace: Kind]
  ) -> String? {
    let own = readings[place] ?? []
    let isConstant = !own.isEmpty && own.allSatisfy { $0.constant != nil || isUnread($0, marked) }
    guard isConstant || zero.contains(place) else { return nil }
    if let barrier = barriers[place] { return barrier }
    guard let reading = own.first(where: { !isUnread($0, marked) && !$0.isFoldable }) else { return nil }
    let reader = graph.nodes[reading.node].name
    guard let constant = reading.constant else { return "'\(reader)' reads different numbers from it" }
    return reading.columns.isUniform
      ? "'\(reader)' has no bias that could hold its constant \(constant)"
      : "'\(reader)' does not read its constant \(constant) equally at all positions, because of padding or stride"
  }

  /// All kernels' slices that make the unit, and the biases of these layers, are zero; a batch normalisation's shift is
  /// not among them.
  private func zeroUnits(_ candidates: [UnitPlace]) -> Set<UnitPlace> {
    let own = analysis.groups.map { group -> Set<String> in
      let layers = Set(group.layers)
      return Set(graph.nodes.lazy.filter { layers.contains($0.name) }.flatMap(\.inputs))
    }
    return Set(
      candidates.filter { place in
        let slices = analysis.groups[place.group].units[place.unit].slices.filter {
          $0.isOutput && own[place.group].contains($0.weight)
        }
        return !slices.isEmpty && slices.allSatisfy { graph.weights[$0.weight]?.isZero($0) ?? false }
      })
  }
}

extension RedundantUnits.Reading {
  /// It is always zero, or a number that the bias can hold.
  var isFoldable: Bool {
    guard let constant else { return false }
    return constant == 0 || columns.takesConstants
  }
}

extension TensorData {
  func isZero(_ slice: WeightSlice) -> Bool {
    var wanted = [[Int]?](repeating: nil, count: shape.count)
    wanted[slice.axis] = slice.indices
    if let rows = slice.rows { wanted[slice.rowAxis] = Array(rows) }
    return elementType == .float32 && gathering(wanted).floats.allSatisfy { $0 == 0 }
  }
}
