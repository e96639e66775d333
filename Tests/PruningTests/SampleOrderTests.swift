import StudyModel
import Testing
import Training

struct SampleOrderTests {
  @Test(arguments: [(10, 3), (12, 4), (7, 7), (5, 9), (1, 1)])
  func noSampleComesTwiceWithinAPermutation(count: Int, batchSize: Int) {
    var order = SampleOrder(count: count, batchSize: batchSize, seed: 4)
    let perRound = count / min(batchSize, count)
    for _ in 0..<5 {
      let round = (0..<perRound).flatMap { _ in order.next() }
      #expect(Set(round).count == round.count)
      #expect(round.allSatisfy { (0..<Int64(count)).contains($0) })
      #expect(round.count == perRound * min(batchSize, count))
    }
  }

  @Test func wholeEpochsSeeEverySampleOnceAndInANewOrder() {
    var order = SampleOrder(count: 20, batchSize: 5, seed: 1)
    let first = (0..<4).flatMap { _ in order.next() }
    let second = (0..<4).flatMap { _ in order.next() }
    #expect(first.sorted() == Array(0..<20))
    #expect(second.sorted() == Array(0..<20))
    #expect(first != second)
  }

  @Test func seedsDecide() {
    func draw(_ seed: UInt64) -> [Int64] {
      var order = SampleOrder(count: 50, batchSize: 10, seed: seed)
      return (0..<12).flatMap { _ in order.next() }
    }
    #expect(draw(3) == draw(3))
    #expect(draw(3) != draw(4))
  }

  @Test(arguments: 0..<17)
  func skippingIsTheSameAsDrawing(batches: Int) {
    var drawn = SampleOrder(count: 11, batchSize: 2, seed: 9)
    for _ in 0..<batches { _ = drawn.next() }
    var skipped = SampleOrder(count: 11, batchSize: 2, seed: 9)
    skipped.skip(batches: batches)
    for _ in 0..<8 { #expect(drawn.next() == skipped.next()) }
    // From a place in the middle, too.
    drawn.skip(batches: 3)
    for _ in 0..<3 { _ = skipped.next() }
    #expect(drawn.next() == skipped.next())
  }

  @Test func shortEpochsGoOnThroughThePermutation() throws {
    let length = try TrainingLength(Recovery(batchSize: 5, samplesPerEpoch: 10), sampleCount: 20)
    #expect(length.stepsPerEpoch == 2)
    var order = SampleOrder(count: 20, batchSize: length.batchSize, seed: 2)
    let first = (0..<2).flatMap { _ in order.next() }
    let second = (0..<2).flatMap { _ in order.next() }
    #expect(Set(first).isDisjoint(with: second))
  }

  @Test func fractionsOfEpochsAddUpOverRungs() throws {
    let length = try TrainingLength(Recovery(batchSize: 128, samplesPerEpoch: 10_000), sampleCount: 50_000)
    #expect(length.stepsPerEpoch == 78)
    let rungs = [0.0, 1.0 / 9, 1.0 / 3, 1, 3]
    let steps = zip(rungs, rungs.dropFirst()).map { length.steps(to: $1) - length.steps(to: $0) }
    #expect(steps == [9, 17, 52, 156])
  }

  @Test func emptyBatchesAndEpochsAreRefused() {
    #expect { try TrainingLength(Recovery(batchSize: 0), sampleCount: 10) } throws: {
      ($0 as? TrainingError)?.code == .invalidSettings
    }
    #expect { try TrainingLength(Recovery(samplesPerEpoch: 0), sampleCount: 10) } throws: {
      ($0 as? TrainingError)?.code == .invalidSettings
    }
  }
}
