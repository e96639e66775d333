/// Where the dense network comes from, and how it is made ready before anything else.
package struct NetworkSource: Hashable, Sendable, Codable {
  package enum Origin: Hashable, Sendable, Codable {
    /// An ONNX file.
    case file(path: String)
    /// A built-in network.
    case builtin(name: String)
  }

  package var origin: Origin
  /// A safetensors file with weights to lay over the network's own; without one a file has its own and a built-in network
  /// fresh ones.
  package var weights: String?
  /// Integer inputs that get a fixed value and are no inputs any more: a sample rate that selects among networks, say.
  package var fixedInputs: [String: Int]
  /// Recurrent states beside those that are detected: for an input the output that takes its place in the next step.
  package var statePairs: [String: String]
  /// Weights, or layers, that training leaves alone, by names with `*` and `?`.
  package var freeze: [String]
  package var batchNormalization: BatchNormalizationPolicy

  package init(
    _ origin: Origin, weights: String? = nil, fixedInputs: [String: Int] = [:], statePairs: [String: String] = [:],
    freeze: [String] = [], batchNormalization: BatchNormalizationPolicy = .auto
  ) {
    self.origin = origin
    self.weights = weights
    self.fixedInputs = fixedInputs
    self.statePairs = statePairs
    self.freeze = freeze
    self.batchNormalization = batchNormalization
  }

  package static func file(path: String) -> NetworkSource { NetworkSource(.file(path: path)) }

  package static func builtin(name: String, weights: String?) -> NetworkSource {
    NetworkSource(.builtin(name: name), weights: weights)
  }

  /// For messages: the path of its file, or "builtin:NAME".
  package var name: String {
    switch origin {
    case .file(let path): path
    case .builtin(let name): "builtin:\(name)"
    }
  }

  /// True when the weights were trained elsewhere, on data that we did not split.
  package var hasForeignWeights: Bool {
    switch origin {
    case .file: true
    case .builtin: weights != nil
    }
  }
}

/// What happens to a network whose batch normalisations an exporter has folded into its convolutions.
package enum BatchNormalizationPolicy: String, Hashable, Sendable, Codable, CaseIterable {
  /// Inserted again where a criterion of the search needs them, else left alone.
  case auto
  /// Left as the file has it.
  case keep
  /// Inserted again after every convolution but the heads.
  case insert
}
