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

  private static let expected: [EvaluationKey: Int] = {
    var cluster = SimulatedCluster(seed: 0, workers: 1, trials: 9, faults: .none)
    _ = try? cluster.run(limit: 10_000)
    return found(cluster.journal.snapshot())
  }()

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
    #expect(Self.found(snapshot) == Self.expected)
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

  @Test(arguments: [
    ("a bad network", SimulatedCluster.Faults(loss: 0.2, duplication: 0.2, delay: 0.5)),
    ("a terrible network", SimulatedCluster.Faults(loss: 0.4, duplication: 0.3, delay: 8)),
    ("dying workers", SimulatedCluster.Faults(workerDeaths: 60, healsAt: 400)),
    ("dying engines", SimulatedCluster.Faults(engineDeaths: 120, healsAt: 300)),
    ("a dying coordinator", SimulatedCluster.Faults(coordinatorDeaths: 20, healsAt: 600)),
    ("suspended processes", SimulatedCluster.Faults(pauses: 60)),
    (
      "everything",
      SimulatedCluster.Faults(
        loss: 0.15, duplication: 0.15, delay: 0.5, workerDeaths: 200, coordinatorDeaths: 60, pauses: 200)
    ),
  ])
  func searchWithFaultsEndsWithTheSameResults(name: String, faults: SimulatedCluster.Faults) throws {
    #expect(Self.expected.count == 16)
    var (deaths, messages, incomplete, longest) = (0, 0, 0, 0.0)
    for seed in 1...Self.seeds {
      // Faults of the world are not the evaluations' faults; but enough of them in a row look so. A search that gave some
      // evaluation up for that reason is compared by what it has.
      var cluster = SimulatedCluster(seed: seed, workers: 3, trials: 9, faults: faults)
      do {
        let outcome = try cluster.run(limit: 2_000)
        let snapshot = cluster.journal.snapshot()
        let gaveUp = snapshot.evaluations.values.contains { $0.record.status == .quarantined }
        if gaveUp { incomplete += 1 }
        if case .failed(let error) = outcome {
          #expect(gaveUp || error.code == .everythingFails, "\(name), seed \(seed): \(error)")
        } else if gaveUp {
          for (key, successes) in Self.found(snapshot) where key.rung == 0 {
            #expect(Self.expected[key] ?? successes == successes, "\(name), seed \(seed)")
          }
        } else {
          #expect(outcome == .finished, "\(name), seed \(seed)")
          #expect(Self.found(snapshot) == Self.expected, "\(name), seed \(seed)")
        }
        deaths += cluster.coordinatorDeaths + cluster.workerDeaths
        messages += cluster.messages
        longest = max(longest, cluster.endedAt ?? 0)
      } catch {
        Issue.record("\(name), seed \(seed): \(error)")
        return
      }
    }
    print(
      "\(name): \(Self.seeds) seeds, \(deaths) deaths, \(messages) messages, \(incomplete) gave something up, "
        + "the longest took \(Int(longest)) s of its clock")
    // Else the comparison above would compare little.
    #expect(incomplete <= Int(Self.seeds) / 4)
  }
}
