/// Some axes of a weight that are labelled with atoms, jointly.
///
/// A weight may be seen under finer axes than its own: a grouped convolution's as `[groups, O / groups, C / groups, ...]`, an
/// LSTM's as `[directions, gates, H, I]`.
struct WeightFace: Hashable, Sendable {
  var weight: String
  /// The sizes under which the weight is seen: its own ones, some of them split.
  var view: [Int]
  /// Ascending places in `view`.
  var axes: [Int]

  var sizes: [Int] { axes.map { view[$0] } }
}

extension WeightFace {
  /// For each axis of the view, the axis of the weight that it is a part of.
  static func owners(view: [Int], shape: [Int]) -> [Int] {
    var owners: [Int] = []
    var axis = 0
    var product = 1
    for size in view {
      while axis < shape.count - 1, product == shape[axis], size != 1 || shape[axis + 1] == 1 {
        axis += 1
        product = 1
      }
      owners.append(axis)
      product *= size
    }
    return owners
  }
}

/// A value that is a weight seen through casts, transposes and the like.
struct WeightOrigin: Hashable, Sendable {
  var weight: String
  var view: [Int]
  /// For each axis of the value, the axes of the view that it stands for, outermost first; none for a new axis of size 1.
  var axes: [[Int]]
}
