import StudyModel

/// Turns measures into points that are compared: accuracy as error, everything else as a ratio to the baseline, all
/// minimised.
package struct ObjectiveSpace: Sendable {
  package let objectives: [Objective]
  package let constraints: [Constraint]
  package let baseline: Measures
  /// Parameters are the non-zero ones for the whole study as soon as one of its plans leaves zeros: tensors with zeros keep
  /// their sizes, and plans are compared by one measure.
  package let countsNonzero: Bool

  package init(spec: StudySpec, baseline: Measures) {
    objectives = spec.objectives
    constraints = spec.constraints
    self.baseline = baseline
    countsNonzero = spec.spaces.contains(where: \.leavesZeros)
  }

  /// One coordinate for each objective, in the spec's order; nil when a measure is missing or not finite.
  package func point(of measures: Measures) -> [Double]? {
    var point: [Double] = []
    for objective in objectives {
      let value = objective == .accuracy ? 1 - measures.accuracy.share : ratio(objective, of: measures)
      guard let value, value.isFinite else { return nil }
      point.append(value)
    }
    return point
  }

  /// The measure in its own unit: a share, a count, bytes or seconds; nil when latency was not measured.
  ///
  /// Seconds are the ratio to the dense network, measured in alternating passes, times the dense network's own seconds in
  /// `baseline`. What a stopwatch read beside that ratio belongs to another moment of the machine: such times would contradict
  /// the ratios, and one trial's could not be compared with another's.
  package func value(_ objective: Objective, of measures: Measures) -> Double? {
    switch objective {
    case .accuracy: measures.accuracy.share
    case .parameters: Double(countsNonzero ? measures.nonzeroParameters : measures.parameters)
    case .macs: Double(measures.macs)
    case .size: Double(measures.sizeBytes)
    case .latency: measures.latency.map { $0.ratio * (baseline.latency?.seconds ?? $0.denseSeconds) }
    }
  }

  /// Pruned / dense; for latency the median of the interleaved pairs.
  package func ratio(_ objective: Objective, of measures: Measures) -> Double? {
    if objective == .latency { return measures.latency?.ratio }
    guard let value = value(objective, of: measures), let dense = self.value(objective, of: baseline) else {
      return nil
    }
    return dense == 0 ? (value == 0 ? 1 : .infinity) : value / dense
  }

  /// The sum of all violations, each as a share of the baseline's value; 0 exactly when every constraint holds.
  ///
  /// `accuracyAllowance` is added to the accuracy first: what training may still win back. Latency counts as the seconds of
  /// `value`, which are its ratio against a bound that names the baseline. A missing measure violates.
  package func violation(of measures: Measures, accuracyAllowance: Double = 0) -> Double {
    constraints.reduce(0) { $0 + violation(of: measures, $1, accuracyAllowance) }
  }

  package func isFeasible(_ measures: Measures) -> Bool { violation(of: measures) == 0 }

  /// The violation of the constraints that training cannot heal: all but accuracy's.
  package func lastingViolation(of measures: Measures) -> Double {
    constraints.filter { $0.objective != .accuracy }.reduce(0) { $0 + violation(of: measures, $1, 0) }
  }

  /// How far one constraint is from holding, as a share of the baseline's value; 0 when it holds.
  package func violation(of measures: Measures, _ constraint: Constraint, _ allowance: Double = 0) -> Double {
    guard let (measured, dense) = sides(of: constraint, measures) else { return 1 }
    var value = measured
    if constraint.objective == .accuracy, constraint.relation == .atLeast { value += allowance }
    return constraint.violation(of: value, baseline: dense) / (dense > 0 ? dense : 1)
  }

  /// What a constraint compares: the value, and the baseline that its bound is made from; nil where one was not measured.
  package func sides(of constraint: Constraint, _ measures: Measures) -> (value: Double, dense: Double)? {
    guard var value = value(constraint.objective, of: measures),
      var dense = self.value(constraint.objective, of: baseline) ?? measures.latency?.denseSeconds
    else { return nil }
    if let latency = measures.latency, constraint.objective == .latency {
      dense = latency.denseSeconds
      if constraint.baselineFactor != 0 { value = latency.ratio * dense }
    }
    return (value, dense)
  }

  /// The bound of a constraint that nothing can keep, now that the baseline is known; nil for one that may be kept.
  package func impossibleBound(of constraint: Constraint) -> Double? {
    guard let dense = value(constraint.objective, of: baseline) else { return nil }
    let bound = constraint.baselineFactor * dense + constraint.offset
    switch (constraint.relation, constraint.objective) {
    case (.atLeast, .accuracy): return bound > 1 ? bound : nil
    case (.atLeast, .parameters), (.atLeast, .macs): return bound > dense ? bound : nil
    case (.atLeast, .size), (.atLeast, .latency): return nil
    case (.atMost, .accuracy): return bound < 0 ? bound : nil
    case (.atMost, _): return bound <= 0 ? bound : nil
    }
  }

  /// The point below which volume counts: the dense network's error + 0.05, and 1.1 for every ratio.
  package var referencePoint: [Double] {
    objectives.map { $0 == .accuracy ? 1 - baseline.accuracy.share + 0.05 : 1.1 }
  }
}
