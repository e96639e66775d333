import ArtifactStore
import Coordination
import Foundation
import StudyModel
import Support
import Testing

/// What leaves a full store, against rules that are checked one by one on studies made by chance.
@Suite struct EvictionPlanTests {
  private struct World {
    var blobs: [Digest: Int] = [:]
    var scores: Set<Digest> = []
    var records: [EvaluationRecord] = []
    var front: [EvaluationKey] = []
    var continuable: [EvaluationKey] = []
    var pinned: Set<Digest> = []
    /// Blobs that no record names: of results that are on their way, say.
    var strays: Set<Digest> = []

    init(seed: UInt64) {
      var generator = SeededGenerator(seed: seed, stream: "world")
      let dense = Digest(of: Data("dense".utf8))
      blobs[dense] = 1000
      pinned = [dense]
      add(.baseline, "baseline", at: 0, &generator)
      for trial in 1...Int64(1 + generator.integer(below: 12)) {
        for rung in 0...generator.integer(below: 3) {
          add(EvaluationKey(trial: TrialID(trial), rung: rung), "\(trial) \(rung)", at: generator.uniform(), &generator)
        }
      }
      let keys = records.filter { $0.key.purpose == .trial }.map(\.key).shuffled(using: &generator)
      front = keys.filter { _ in generator.integer(below: 5) == 0 }
      continuable = keys.filter { _ in generator.integer(below: 3) == 0 }
      for (number, key) in keys.enumerated() where number % 7 == 6 {
        if let digest = checkpoint(key) { pinned.insert(digest) }
      }
      for number in 0..<generator.integer(below: 4) {
        let score = Digest(of: Data("scores \(number)".utf8))
        blobs[score] = 50 + number
        scores.insert(score)
        let stray = Digest(of: Data("stray \(number)".utf8))
        blobs[stray] = 500
        strays.insert(stray)
      }
    }

    private mutating func add(
      _ key: EvaluationKey, _ name: String, at time: Double, _ generator: inout SeededGenerator
    ) {
      // Some evaluations wait or failed; of some that are done the network is gone.
      let isDone = key == .baseline || generator.integer(below: 6) > 0
      let digest = Digest(of: Data(name.utf8))
      var result = ToyStudy.result(
        Assignment(
          lease: LeaseID(1), key: key, attempt: 1, plan: ToyStudy.plan(1), fromEpochs: 0, toEpochs: 0,
          parentCheckpoint: nil, timeLimit: 1))
      result.checkpoint = digest
      records.append(
        EvaluationRecord(
          key: key, plan: ToyStudy.plan(Int(key.trial.value)), status: isDone ? .done : .quarantined,
          result: isDone ? result : nil, finishedAt: isDone ? time : nil))
      if isDone, generator.integer(below: 8) > 0 { blobs[digest] = 100 + generator.integer(below: 900) }
      if !isDone {
        blobs[digest] = 100
        strays.insert(digest)
      }
    }

    /// Those of the front that are at their end.
    var delivered: [Digest] { front.filter { !continuable.contains($0) }.compactMap(checkpoint) }

    func checkpoint(_ key: EvaluationKey) -> Digest? { records.first { $0.key == key }?.result?.checkpoint }

    func plan(_ excess: Int) -> EvictionPlan {
      EvictionPlan(
        excess: excess, blobs: blobs, scores: scores, records: records, front: front, continuable: continuable,
        pinned: pinned)
    }
  }

  @Test func whatIsNeededOrUnknownNeverLeaves() {
    for seed in UInt64(1)...300 {
      let world = World(seed: seed)
      let leaving = Set(world.plan(.max).evictions.map(\.digest))
      #expect(leaving.isDisjoint(with: world.pinned), "seed \(seed)")
      #expect(leaving.isDisjoint(with: world.strays), "seed \(seed)")
      #expect(leaving.isDisjoint(with: world.delivered), "seed \(seed)")
      #expect(!leaving.contains(world.checkpoint(.baseline) ?? Digest(of: Data())), "seed \(seed)")
      // And everything else does, if so much is wanted.
      let rest = Set(world.blobs.keys).subtracting(leaving)
      let stays = world.pinned.union(world.strays).union(world.delivered)
      #expect(rest.subtracting(stays) == Set([world.checkpoint(.baseline)].compactMap { $0 }).intersection(rest))
    }
  }

  @Test func noMoreLeavesThanIsWanted() {
    for seed in UInt64(1)...300 {
      let world = World(seed: seed)
      let all = world.plan(.max)
      for excess in [-5, 0, 1, 150, 1000, 4000] {
        let plan = world.plan(excess)
        #expect(plan.freedBytes >= min(excess, all.freedBytes), "seed \(seed)")
        if let last = plan.evictions.last { #expect(plan.freedBytes - last.bytes < excess, "seed \(seed)") }
        // A smaller wish is the beginning of a larger one.
        #expect(plan.evictions == Array(all.evictions.prefix(plan.evictions.count)))
        #expect(plan.evictions.allSatisfy { world.blobs[$0.digest] == $0.bytes })
      }
    }
  }

  @Test func theLeastUsefulLeaveFirst() {
    for seed in UInt64(1)...300 {
      let world = World(seed: seed)
      let evictions = world.plan(.max).evictions
      #expect(evictions.map(\.usefulness) == evictions.map(\.usefulness).sorted(), "seed \(seed)")
      // Of trials that may go on the worst ranked first, of the others the oldest.
      for usefulness in [EvictionPlan.Usefulness.mayGoOn, .front] {
        let keys = evictions.filter { $0.usefulness == usefulness }.compactMap(\.key)
        let places = keys.compactMap { world.continuable.firstIndex(of: $0) }
        #expect(places.count == keys.count && places == places.sorted(by: >), "seed \(seed)")
        #expect(keys.allSatisfy { world.front.contains($0) == (usefulness == .front) }, "seed \(seed)")
      }
      let times = evictions.filter { $0.usefulness == .unneeded }.compactMap { eviction in
        world.records.first { $0.key == eviction.key }?.finishedAt
      }
      #expect(times == times.sorted(), "seed \(seed)")
      let onFront = Set(world.front.map(\.trial))
      for eviction in evictions where eviction.usefulness == .chainOfFront {
        #expect(eviction.key.map { onFront.contains($0.trial) } == true, "seed \(seed)")
      }
    }
  }

  @Test func bytesThatTwoEvaluationsMadeStayForTheMoreUseful() {
    var world = World(seed: 1)
    let shared = Digest(of: Data("shared".utf8))
    world.blobs = [shared: 100]
    let keys = [1, 2].map { EvaluationKey(trial: TrialID($0), rung: 0) }
    var record = world.records[0]
    record.result?.checkpoint = shared
    world.records = keys.map { key in
      var copy = record
      copy.key = key
      return copy
    }
    (world.scores, world.pinned, world.continuable) = ([], [], [])
    world.front = [keys[0]]
    #expect(world.plan(.max).evictions.isEmpty)
    world.front = []
    world.continuable = [keys[1]]
    #expect(world.plan(.max).evictions.map(\.usefulness) == [.mayGoOn])
  }
}

/// When there is too little room, and for what.
@Suite struct DiskLimitsTests {
  private let mebibyte = 1 << 20

  @Test func theReserveGrowsWithNetworksAndShrinksWithSmallDisks() {
    let limits = DiskLimits(quota: nil, denseBytes: 10 << 20, slots: 2)
    #expect(limits.reserve(ofDiskWith: 1 << 40) == 256 * mebibyte)
    #expect(limits.reserve(ofDiskWith: 2 << 30) == (2 << 30) / 20)
    #expect(limits.reserve(ofDiskWith: 100 * mebibyte) == 60 * mebibyte)
    #expect(DiskLimits(quota: nil, denseBytes: 100 << 20, slots: 4).reserve(ofDiskWith: 1 << 40) == 1200 * mebibyte)
  }

  @Test func excessIsTheLargerOfTwo() {
    let limits = DiskLimits(quota: 100, denseBytes: 10, slots: 2)
    #expect(limits.excess(used: 80, space: nil) == 0)
    #expect(limits.excess(used: 81, space: nil) == 1)
    // The reserve is 60.
    #expect(limits.excess(used: 85, space: FreeSpace(free: 20, capacity: 100)) == 40)
    #expect(limits.excess(used: 85, space: FreeSpace(free: 60, capacity: 100)) == 5)
    #expect(DiskLimits(quota: nil, denseBytes: 10, slots: 2).excess(used: .max, space: nil) == 0)
  }

  @Test func shortagesSayWhatIsThereAndWhatIsNeeded() throws {
    let limits = DiskLimits(quota: 100 * mebibyte, denseBytes: 10 * mebibyte, slots: 2)
    let disk = FreeSpace(free: 61 * mebibyte, capacity: 1000 * mebibyte)
    #expect(limits.shortage(used: 80 * mebibyte, space: disk, isPaused: false) == nil)
    // A paused search waits for a quarter more.
    let waiting = try #require(limits.shortage(used: 0, space: disk, isPaused: true))
    #expect(waiting.neededBytes == 75 * mebibyte)
    #expect(
      waiting.description
        == "paused: disk; 61.0 MiB free of 1000.0 MiB, needs 75.0 MiB. Make room, and the search goes on by itself.")
    let full = try #require(limits.shortage(used: 81 * mebibyte, space: disk, isPaused: false))
    #expect(
      full.description
        == "paused: disk; 81.0 MiB must stay, and the quota is 100.0 MiB, needs 101.0 MiB. "
        + "Raise the spec's limits: disk, then --resume.")
  }

  @Test func forecastsCountRungsAndWarn() {
    var spec = ToyStudy.context(trials: 90).spec
    let forecast = DiskForecast(spec: spec, denseBytes: 10 * mebibyte)
    // 90 at rung 0, 30 of them at rung 1, 10 at rung 2.
    #expect(forecast.evaluations(trials: 90) == 130)
    let bytes = forecast.unlimitedBytes(evaluations: 130)
    #expect((1320 * mebibyte..<1340 * mebibyte).contains(bytes))
    let folder = URL(fileURLWithPath: "/somewhere/out")
    let roomy = FreeSpace(free: 100 << 30, capacity: 200 << 30)
    let text = forecast.text(folder: folder, space: roomy)
    #expect(text.contains("90 trials, some 130 evaluations") && text.contains(Units.bytes(bytes)))
    #expect(text.contains("100.0 GiB of 200.0 GiB for '/somewhere/out'") && !text.contains("Warning"))
    #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix("# ") })
    let tight = FreeSpace(free: 1 << 30, capacity: 200 << 30)
    #expect(forecast.text(folder: folder, space: tight).contains("the disk has room for 768.0 MiB"))
    // With a quota that fits nothing is to be feared; one that cannot work is named.
    spec.diskLimit = 500 * mebibyte
    let limited = DiskForecast(spec: spec, denseBytes: 10 * mebibyte).text(folder: folder, space: tight)
    #expect(limited.contains("limits: disk: 500.0 MiB, of which 60.0 MiB") && !limited.contains("Warning"))
    spec.diskLimit = 50 * mebibyte
    #expect(
      DiskForecast(spec: spec, denseBytes: 10 * mebibyte).text(folder: folder, space: tight)
        .contains("2 workers need 60.0 MiB at least"))
    spec.budget = Budget(seconds: 3600)
    #expect(
      DiskForecast(spec: spec, denseBytes: mebibyte).text(folder: folder, space: nil).contains(
        "for each 100 evaluations"))
  }
}
