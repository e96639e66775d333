import Support
import Testing

@Suite struct WorkProgressTests {
  private final class Shares { var all: [Double] = [] }

  private func watched() -> (progress: WorkProgress, shares: Shares) {
    let shares = Shares()
    return (WorkProgress { shares.all.append($0) }, shares)
  }

  @Test func partsOfPartsAddUpToTheWhole() throws {
    let (progress, shares) = watched()
    for outer in 0..<2 {
      let part = progress.part(from: 0.2, to: 1).part(outer, of: 2)
      for inner in 1...4 { try part.report(Double(inner) / 4) }
    }
    let wanted = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
    #expect(shares.all.count == wanted.count)
    #expect(zip(shares.all, wanted).allSatisfy { abs($0 - $1) < 1e-12 }, "\(shares.all)")
  }

  @Test func theShareNeverFallsAndStaysBetweenZeroAndOne() throws {
    let (progress, shares) = watched()
    try progress.report(0.5)
    try progress.part(from: 0, to: 0.4).report(1)
    try progress.report(-3)
    try progress.report(.nan)
    try progress.report()
    try progress.report(7)
    try progress.part(5, of: 2).report(1)
    #expect(shares.all == [0.5, 0.5, 0.5, 0.5, 0.5, 1, 1])
  }

  @Test func aPartOfNothingOnlySaysThatTheWorkGoesOn() throws {
    let (progress, shares) = watched()
    try progress.report(0.25)
    let still = progress.part(from: 0, to: 0)
    for share in [0.3, 1] { try still.part(0, of: 3).report(share) }
    #expect(shares.all == [0.25, 0.25, 0.25])
  }

  @Test func whatTheReceiverThrowsEndsTheWork() {
    struct Stop: Error {}
    var reports = 0
    let progress = WorkProgress { _ in
      reports += 1
      if reports == 3 { throw Stop() }
    }
    #expect(throws: Stop.self) { for _ in 0..<10 { try progress.part(0, of: 2).report() } }
    #expect(reports == 3)
  }
}
