import StudyModel

/// Chooses the threshold of the next cut from what earlier cuts did: a search for the highest threshold within the
/// tolerance.
///
/// Accuracy is taken to fall as the threshold rises; records that say otherwise are pooled until it does (Barlow and
/// others 1972, pool adjacent violators). Between the best threshold within the tolerance and the lowest beyond it the
/// next is, in turns, the middle and where a line between their accuracies crosses the limit (never within a tenth of
/// either end): the line is fast where accuracy falls gently, the middle halves what is left whatever it does. As long
/// as all are within the tolerance, the line through the last two is followed up to twice the last step; where accuracy
/// has not fallen at all, the step doubles if the loss has not risen either, and is kept otherwise.
package struct ThresholdHistory: Sendable, Hashable {
  package struct Record: Sendable, Hashable {
    package var threshold: Double
    package var accuracy: Double
    package var loss: Double

    package init(threshold: Double, accuracy: Double, loss: Double) {
      self.threshold = threshold
      self.accuracy = accuracy
      self.loss = loss
    }
  }

  /// Sorted by threshold; the first is the dense network's, at zero.
  package private(set) var records: [Record]
  private let limit: Double
  private let floor: Double
  private let steps: Int

  /// Thresholds are searched in 0...limit, in at most the schedule's steps; `dense` is what no cut at all gives.
  package init(_ schedule: Schedule, limit: Double, dense: (accuracy: Double, loss: Double)) {
    self.limit = limit
    floor = dense.accuracy - max(schedule.tolerance, 0) - 1e-12
    steps = max(schedule.steps, 1)
    records = [Record(threshold: 0, accuracy: dense.accuracy, loss: dense.loss)]
  }

  package mutating func add(_ record: Record) {
    records.insert(record, at: records.firstIndex { $0.threshold > record.threshold } ?? records.count)
  }

  package func isWithinTolerance(_ record: Record) -> Bool { record.accuracy >= floor && record.loss.isFinite }

  /// The highest threshold below every one that failed.
  package var best: Record {
    let end = records.firstIndex { !isWithinTolerance($0) } ?? records.count
    return records[max(end - 1, 0)]
  }

  /// The next threshold to try, above the best so far; nil at the limit, when the steps are used up, or when what is
  /// left between success and failure is under a hundredth of the limit.
  package func next() -> Double? {
    guard limit > 0, records.count <= steps else { return nil }
    let best = best
    guard let failed = records.first(where: { $0.threshold > best.threshold }) else {
      return best.threshold >= limit ? nil : min(limit, outward(from: best))
    }
    let width = failed.threshold - best.threshold
    guard width > limit / 100 else { return nil }
    guard records.count.isMultiple(of: 2) else { return best.threshold + width / 2 }
    let fitted = pooledAccuracies()
    let above = fitted[records.firstIndex(of: best) ?? 0]
    let below = fitted[records.firstIndex(of: failed) ?? 0]
    let crossing = above > below && below.isFinite ? (above - floor) / (above - below) : 0.5
    return best.threshold + width * min(max(crossing, 0.1), 0.9)
  }

  private func outward(from best: Record) -> Double {
    guard let position = records.firstIndex(of: best), position > 0 else { return limit / Double(steps) }
    let fitted = pooledAccuracies()
    let step = best.threshold - records[position - 1].threshold
    let fall = fitted[position - 1] - fitted[position]
    guard fall > 0 else {
      return best.threshold + (best.loss <= records[0].loss ? 2 * step : step)
    }
    let crossing = (fitted[position] - floor) / fall * step
    return best.threshold + min(max(crossing, step / 10), 2 * step)
  }

  /// The accuracies that never rise and are nearest to the recorded ones, in squares.
  private func pooledAccuracies() -> [Double] {
    var pools: [(sum: Double, count: Int)] = []
    for record in records {
      pools.append((record.accuracy, 1))
      while pools.count > 1, case let (last, before) = (pools[pools.count - 1], pools[pools.count - 2]),
        last.sum / Double(last.count) > before.sum / Double(before.count)
      {
        pools.removeLast(2)
        pools.append((before.sum + last.sum, before.count + last.count))
      }
    }
    return pools.flatMap { Array(repeating: $0.sum / Double($0.count), count: $0.count) }
  }
}
