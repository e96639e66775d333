import ModelGraph
import Tensors

extension KernelContext {
  /// For each sample and class the best boxes that do not overlap a better one; on the CPU, as the choice is a chain.
  func nonMaxSuppression(centerPointBox: Bool) throws -> KernelBody {
    try expectInputs(2...5)
    return { call in
      let (boxes, scores) = (try call.tensor(0), try call.tensor(1))
      guard boxes.rank == 3, boxes.shape[2] == 4, scores.rank == 3, scores.shape[0] == boxes.shape[0],
        scores.shape[2] == boxes.shape[1]
      else { throw failure("has boxes of shape \(boxes.shape) and scores of shape \(scores.shape)") }
      func number(_ position: Int) throws -> Double? { try call.optional(position)?.doubles.first }
      let limit = try call.optionalIntegers(2)?.first ?? 0
      let overlap = try number(3) ?? 0
      let threshold = try number(4)
      let corners = try boxes.doubles
      let values = try scores.doubles
      let count = boxes.shape[1]
      var selected: [Int64] = []
      for batch in 0..<boxes.shape[0] {
        let all = (0..<count).map { box in
          let first = (batch * count + box) * 4
          return DetectionBox(Array(corners[first..<(first + 4)]), isCentered: centerPointBox)
        }
        for category in 0..<scores.shape[1] {
          let start = (batch * scores.shape[1] + category) * count
          let candidates = (0..<count).filter { box in threshold.map { values[start + box] > $0 } ?? true }
            .sorted { (values[start + $0], $1) > (values[start + $1], $0) }
          var kept: [Int] = []
          for box in candidates {
            if kept.count >= limit { break }
            if kept.allSatisfy({ all[box].overlap(with: all[$0]) <= overlap }) { kept.append(box) }
          }
          selected += kept.flatMap { [Int64(batch), Int64(category), Int64($0)] }
        }
      }
      return [try Tensor(int64s: selected, shape: [selected.count / 3, 3], device: boxes.device)]
    }
  }
}

private struct DetectionBox {
  let x: (low: Double, high: Double)
  let y: (low: Double, high: Double)

  /// Two opposite corners as y, x, y, x; or the center's x and y with width and height.
  init(_ numbers: [Double], isCentered: Bool) {
    if isCentered {
      x = (numbers[0] - numbers[2] / 2, numbers[0] + numbers[2] / 2)
      y = (numbers[1] - numbers[3] / 2, numbers[1] + numbers[3] / 2)
    } else {
      x = (min(numbers[1], numbers[3]), max(numbers[1], numbers[3]))
      y = (min(numbers[0], numbers[2]), max(numbers[0], numbers[2]))
    }
  }

  private var area: Double { (x.high - x.low) * (y.high - y.low) }

  /// The shared area's part of the area of both together.
  func overlap(with other: DetectionBox) -> Double {
    let width = min(x.high, other.x.high) - max(x.low, other.x.low)
    let height = min(y.high, other.y.high) - max(y.low, other.y.low)
    guard width > 0, height > 0, area > 0, other.area > 0 else { return 0 }
    let shared = width * height
    return shared / (area + other.area - shared)
  }
}
