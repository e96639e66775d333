import Testing

/// libtorch's thread count belongs to the process, so nothing in this tree of suites runs beside another of its tests.
@Suite(.serialized)
enum EvaluationTests {}
