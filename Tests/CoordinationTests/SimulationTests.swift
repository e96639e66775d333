import Coordination
import StudyModel
import StudyStore
import Testing

/// Many seeds of everything going wrong at once. A failure names its seed, which repeats it exactly.
@Suite struct SimulationTests {
  /// Keys of what was found, with the accuracies: what a search without faults ends with.
  private static func found(_ snapshot: StudySnapshot) -> [EvaluationKey: Int] {
    snapshot.evaluations.compactMapValues { $0.record.result?.measures.accuracy.successes }
  }

  /// An unoptimised build takes ten times as long.
  #if DEBUG
    private static let seeds: UInt64 = 8
  #else
    private static let seeds: UInt64 = 100
  #endif

  /// What is found without faults, and without the trial that is planted as poison.
  private static func expected(poison: TrialID? = nil) throws -> [EvaluationKey: Int] {
    var faults = SimulatedCluster.Faults.none
    faults.poison = poison.map { ($0, .engine) }
    var cluster = SimulatedCluster(seed: 0, workers: 2, trials: 9, faults: faults)
    #expect(try cluster.run(limit: 10_000) == .finished)
    return found(cluster.journal.snapshot())
  }

  @Test func searchWithoutFaultsFindsWhatItsSourceAsksFor() throws {
    var cluster = SimulatedCluster(seed: 1, workers: 2, trials: 9, faults: .none)
    #expect(try cluster.run(limit: 10_000) == .finished)
    let snapshot = cluster.journal.snapshot()
    // 9 at rung 0, 3 of them at rung 1, 1 at rung 2; the baseline; the front of one and the baseline, sealed.
    let counts = [0, 1, 2].map { rung in snapshot.order.count { $0.purpose == .trial && $0.rung == rung } }
    #expect(counts == [9, 3, 1])
    #expect(snapshot.order.count { $0.purpose == .sealedTest } == 2)
    #expect(snapshot.isFinished)
    #expect(snapshot.evaluations.values.allSatisfy { $0.record.status == .done && $0.record.attempts == 1 })
    #expect(cluster.evaluationsBegun == 16)
    #expect(Self.found(snapshot).count == 16)
  }

  /// The scan's evaluations go the way of all others, also when the coordinator dies in it.
  @Test func scansWithFaultsFindWhatTheyFindWithout() throws {
    func run(_ seed: UInt64, _ faults: SimulatedCluster.Faults) throws -> StudySnapshot {
      var cluster = SimulatedCluster(seed: seed, workers: 2, trials: 1, scans: 12, faults: faults)
      _ = try cluster.run(limit: 2_000)
      return cluster.journal.snapshot()
    }
    func scan(_ snapshot: StudySnapshot) -> [SensitivityScan.Entry] {
      snapshot.records.filter { $0.key.purpose == .scan }.compactMap(\.result?.scan)
    }
    let expected = scan(try run(1, .none))
    #expect(expected.count == 12)
    var epochs: Int64 = 0
    for seed in 1...Self.seeds {
      let faults = SimulatedCluster.Faults(loss: 0.1, duplication: 0.1, coordinatorDeaths: 40)
      let snapshot = try run(seed, faults)
      #expect(scan(snapshot) == expected && snapshot.isFinished, "seed \(seed)")
      epochs = max(epochs, snapshot.epoch)
    }
    #expect(epochs > 1, "no coordinator died")
  }

  /// Room for the dense network, the baseline, three parents, the front and what three workers write; not for all 15 networks.
  @Test(arguments: [
    ("a small quota", SimulatedCluster.Faults.none),
    ("lost networks", SimulatedCluster.Faults(losses: 20)),
    (
      "everything",
      SimulatedCluster.Faults(
        loss: 0.15, duplication: 0.15, delay: 0.5, workerDeaths: 200, coordinatorDeaths: 60, pauses: 200, losses: 30)
    ),
  ])
  func searchWithAQuotaFindsTheSame(name: String, faults: SimulatedCluster.Faults) throws {
    let expected = try Self.expected()
    var (evictions, rebuilds, losses) = (0, 0, 0)
    for seed in 1...Self.seeds {
      var cluster = SimulatedCluster(seed: seed, workers: 3, trials: 9, faults: faults, quota: 1000)
      do {
        let outcome = try cluster.run(limit: 3_000)
        let snapshot = cluster.journal.snapshot()
        #expect(!snapshot.evaluations.values.contains { $0.record.status == .quarantined }, "\(name), seed \(seed)")
        #expect(outcome == .finished, "\(name), seed \(seed)")
        #expect(Self.found(snapshot) == expected, "\(name), seed \(seed)")
        let disk = try #require(cluster.disk)
        if name == "a small quota" { #expect(disk.largestBytes <= 1000, "seed \(seed)") }
        let notes = cluster.journal.history()
        // One may be noted and not removed, when the coordinator dies in between.
        #expect(notes.count { $0.kind == "evicted" } >= disk.evictions)
        evictions += disk.evictions
        rebuilds += disk.rebuilds
        losses += disk.losses
      } catch {
        Issue.record("\(name), seed \(seed): \(error)")
        return
      }
    }
    print("\(name): \(evictions) evictions, \(losses) losses, \(rebuilds) rebuilds")
    #expect(evictions > 0 && (rebuilds > 0 || name == "a small quota"))
    #expect(losses > 0 || faults.losses == 0)
  }

  @Test func oneSeedAlwaysGoesTheSameWay() throws {
    let faults = SimulatedCluster.Faults(loss: 0.1, duplication: 0.1, workerDeaths: 100, coordinatorDeaths: 15)
    let histories = try (0..<2).map { _ in
      var cluster = SimulatedCluster(seed: 42, workers: 3, trials: 6, faults: faults)
      _ = try cluster.run(limit: 2_000)
      return cluster.journal.history()
    }
    #expect(histories[0] == histories[1])
    #expect(histories[0].contains { $0.epoch > 1 })
  }

  /// Every plan of a grid is run to the last rung, once, also when coordinator and workers die in it.
  @Test(arguments: [SamplerKind.grid, .list]) func sweepsWithFaultsRunEveryPlanToItsEnd(sampler: SamplerKind) throws {
    for seed in 1...max(1, Self.seeds / 4) {
      let faults = SimulatedCluster.Faults(
        loss: 0.1, duplication: 0.1, workerDeaths: 60, coordinatorDeaths: 40, healsAt: 400)
      var cluster = SimulatedCluster(
        seed: seed, workers: 3, trials: 9, faults: faults, sweep: ToyStudy.sweep(sampler))
      #expect(try cluster.run(limit: 5_000) == .finished, "seed \(seed)")
      let snapshot = cluster.journal.snapshot()
      for rung in 0..<3 {
        let trials = snapshot.records.filter { $0.key.purpose == .trial && $0.key.rung == rung && $0.status == .done }
        #expect(Set(trials.map(\.plan)).count == 9 && trials.count == 9, "seed \(seed), rung \(rung)")
      }
      #expect(snapshot.searchEnding?.words == "all 9 plans of the \(sampler.rawValue) are done", "seed \(seed)")
    }
  }

  struct Scene: CustomTestStringConvertible, Sendable {
    let name: String
    let faults: SimulatedCluster.Faults
    var hosts = 1
    var testDescription: String { name }
  }

  private static let poisoned = TrialID(4)

  private static let scenes: [Scene] = [
    Scene(name: "a bad network", faults: .init(loss: 0.2, duplication: 0.2, delay: 0.5)),
    Scene(name: "a terrible network", faults: .init(loss: 0.4, duplication: 0.3, delay: 8)),
    Scene(name: "dying workers", faults: .init(workerDeaths: 60, healsAt: 400)),
    Scene(name: "dying workers on two hosts", faults: .init(workerDeaths: 30, healsAt: 400), hosts: 2),
    Scene(name: "dying engines", faults: .init(engineDeaths: 40, healsAt: 300)),
    Scene(name: "a dying coordinator", faults: .init(coordinatorDeaths: 20, healsAt: 600)),
    Scene(name: "suspended processes", faults: .init(pauses: 60)),
    Scene(name: "restarting hosts", faults: .init(hostRestarts: 100), hosts: 2),
    Scene(name: "a worker that fails everything", faults: .init(hasBlackHole: true)),
    Scene(
      name: "a worker that fails everything among dying ones", faults: .init(workerDeaths: 100, hasBlackHole: true)),
    Scene(name: "a plan whose engine fails", faults: .init(poison: (poisoned, .engine))),
    Scene(name: "a plan whose engine fails, on two hosts", faults: .init(poison: (poisoned, .engine)), hosts: 2),
    Scene(name: "a plan that kills its worker", faults: .init(poison: (poisoned, .worker))),
    Scene(name: "a plan that takes its host down", faults: .init(poison: (poisoned, .host)), hosts: 2),
    Scene(
      name: "everything",
      faults: .init(
        loss: 0.15, duplication: 0.15, delay: 0.5, workerDeaths: 200, engineDeaths: 300, coordinatorDeaths: 60,
        pauses: 200, hostRestarts: 400, poison: (poisoned, .engine)), hosts: 2),
    Scene(
      name: "everything and a worker that fails everything",
      faults: .init(
        loss: 0.15, duplication: 0.15, delay: 0.5, workerDeaths: 200, coordinatorDeaths: 60, pauses: 200,
        hasBlackHole: true, poison: (poisoned, .engine)), hosts: 2),
  ]

  /// Whatever the world does, every innocent evaluation ends with the result that it has without faults, and the poisonous one is
  /// given up at a bounded price.
  @Test(arguments: scenes)
  func searchWithFaultsGivesNothingUpButThePoison(scene: Scene) throws {
    let poison = scene.faults.poison?.trial
    let expected = try Self.expected(poison: poison)
    #expect(expected.count == (poison == nil ? 16 : 15))
    let key = EvaluationKey(trial: Self.poisoned, rung: 0)
    var (deaths, messages, longest, price) = (0, 0, 0.0, 0)
    for seed in 1...Self.seeds {
      var cluster = SimulatedCluster(seed: seed, workers: 3, hosts: scene.hosts, trials: 9, faults: scene.faults)
      do {
        #expect(try cluster.run(limit: 5_000) == .finished, "\(scene.name), seed \(seed)")
        let snapshot = cluster.journal.snapshot()
        let givenUp = snapshot.evaluations.filter { $0.value.record.status == .quarantined }
        #expect(Set(givenUp.keys) == (poison == nil ? [] : [key]), "\(scene.name), seed \(seed)")
        #expect(Self.found(snapshot) == expected, "\(scene.name), seed \(seed)")
        deaths += cluster.coordinatorDeaths + cluster.workerDeaths
        messages += cluster.messages
        longest = max(longest, cluster.endedAt ?? 0)
        price = max(price, Self.ownPrice(of: key, in: cluster))
      } catch {
        Issue.record("\(scene.name), seed \(seed): \(error)")
        return
      }
    }
    print(
      "\(scene.name): \(Self.seeds) seeds, \(deaths) deaths, \(messages) messages, the poison ran \(price) times, "
        + "the longest took \(Int(longest)) s of its clock")
    #expect(price <= (poison == nil ? 0 : Self.priceLimit), "\(scene.name)")
  }

  /// Failures of the poison that somebody saw: what ran it and was lost for another reason is the world's price.
  private static func ownPrice(of key: EvaluationKey, in cluster: SimulatedCluster) -> Int {
    guard cluster.faults.poison != nil else { return 0 }
    return cluster.journal.snapshot().evaluations[key]?.failures.count { $0.kind != .loss } ?? 0
  }

  /// Each of the three workers may fail it three times; what a breaker took back or only suspected comes on top, and so do failures
  /// on one host while no other one is there to confirm them. One seed of some hundred goes that far.
  private static let priceLimit = 16
}
