import Datasets
import Foundation
import Testing

/// Splits keep training, validation and sealed examples apart.
@Suite struct DataSplitTests {
  private func split(
    _ training: Int?, _ validation: Int?, _ order: SplitRequest.Order, seen: Bool = false, of count: Int = 1000,
    test: Int = 201
  ) throws -> DataSplit {
    try DataSplit(
      trainingCount: count, testCount: test,
      request: SplitRequest(training: training, validation: validation, order: order), seenTraining: seen)
  }

  @Test func fileOrderTakesTheFirstThenTheNext() throws {
    let split = try split(800, 200, .file)
    #expect(split.training.indices == (0..<800).map(Int32.init))
    #expect(split.validation.indices == (800..<1000).map(Int32.init))
    #expect(split.training.part == .training && split.validation.part == .training)
    #expect(split.sealed.part == .test)
    #expect(split.sealed.indices == (0..<201).map(Int32.init))
  }

  @Test func shufflesBySeedWithoutOverlap() throws {
    let split = try split(600, 300, .shuffled(seed: 0))
    #expect(split.training.indices.count == 600)
    #expect(split.validation.indices.count == 300)
    let all = split.training.indices + split.validation.indices
    #expect(Set(all).count == 900)
    #expect(all.allSatisfy { (0..<1000).contains($0) })
    #expect(split.training.indices != split.training.indices.sorted())
    #expect(try self.split(600, 300, .shuffled(seed: 0)) == split)
    #expect(try self.split(600, 300, .shuffled(seed: 1)).digest != split.digest)
    #expect(try self.split(600, 300, .file).digest != split.digest)
    // Pinned, so that a change of generator or order cannot silently move examples between the parts of running
    // studies.
    #expect(split.digest.hex == "ed1c3e0c65f27d602da64daa173221460e43c62a5e3319be5904a69329da3499")
  }

  @Test func seenTrainingHalvesTheTestPart() throws {
    let split = try split(nil, nil, .shuffled(seed: 0), seen: true)
    #expect(split.training.indices.count == 1000)
    #expect(split.training.part == .training)
    #expect(split.validation.part == .test && split.sealed.part == .test)
    #expect(split.validation.indices.count == 100)
    #expect(split.sealed.indices.count == 101)
    #expect(Set(split.validation.indices + split.sealed.indices) == Set(0..<201))
    let ordered = try self.split(500, nil, .file, seen: true)
    #expect(ordered.training.indices == (0..<500).map(Int32.init))
    #expect(ordered.validation.indices == (0..<100).map(Int32.init))
  }

  /// A count of one's own is the beginning of the same drawing, and all else of the test part stays sealed.
  @Test(arguments: [1, 40, 100, 150, 200]) func seenTrainingTakesTheCountFromTheTestPart(count: Int) throws {
    let half = try split(nil, nil, .shuffled(seed: 4), seen: true)
    let split = try split(nil, count, .shuffled(seed: 4), seen: true)
    #expect(split.training == half.training)
    #expect(split.validation.part == .test && split.sealed.part == .test)
    #expect(split.validation.indices.count == count && split.sealed.indices.count == 201 - count)
    #expect(split.validation.indices == Array((half.validation.indices + half.sealed.indices).prefix(count)))
    #expect(Set(split.validation.indices + split.sealed.indices) == Set(0..<201))
    #expect((split.digest == half.digest) == (count == 100))
    #expect(try self.split(nil, count, .file, seen: true).validation.indices == (0..<count).map(Int32.init))
  }

  @Test(arguments: [0, 201, 300]) func refusesToLeaveNothingSealed(count: Int) throws {
    let error = try #require(throws: DatasetError.self) { try split(nil, count, .file, seen: true) }
    #expect(error.code == .invalidSplit)
    if count > 0 { #expect(error.message.contains("\(count)") && error.message.contains("201")) }
  }

  @Test func withoutACountTheRestTrains() throws {
    #expect(try split(nil, 300, .file).training.indices.count == 700)
    let usual = try split(nil, nil, .file)
    #expect(usual.validation.indices == (834..<1000).map(Int32.init) && usual.training.indices.count == 834)
    #expect(try split(700, nil, .file).validation.indices == (700..<1000).map(Int32.init))
  }

  @Test(arguments: [(900, 101), (0, 10), (10, 0), (-1, 10), (10, -1), (nil, 1000)] as [(Int?, Int)])
  func refusesTooFewExamples(_ training: Int?, _ validation: Int) throws {
    let error = try #require(throws: DatasetError.self) { try split(training, validation, .file) }
    #expect(error.code == .invalidSplit)
  }

  @Test func refusesToHalveOneExample() {
    #expect(throws: DatasetError.self) { try split(10, nil, .file, seen: true, test: 1) }
  }
}
