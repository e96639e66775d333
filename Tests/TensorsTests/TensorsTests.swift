import Testing

/// All suites of this target, one test after another: libtorch takes every core for each.
@Suite(.serialized) enum TensorsTests {}
