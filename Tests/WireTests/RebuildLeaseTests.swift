import Foundation
import StudyModel
import Support
import Testing
import WireProtocol

/// Leases that tell how a parent is made again, and those of peers that know nothing of it.
@Suite struct RebuildLeaseTests {
  @Test func leasesCarryTheRungsOfTheirParent() throws {
    var assignment = Example.assignment(rung: 2)
    assignment.parentCheckpoint = nil
    assignment.rebuildRungs = [0, 1.0 / 3, 1]
    let frame = try CoordinatorMessage.lease(LeaseGrant(assignment)).encode(epoch: 1, sequence: 2)
    #expect(try CoordinatorMessage.decode(frame).message == .lease(LeaseGrant(assignment)))
  }

  @Test func otherLeasesKeepTheirBytes() throws {
    let bytes = try CanonicalBytes.encode(Example.assignment())
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains("parentCheckpoint") && !text.contains("rebuild"))
    #expect(try CanonicalBytes.decode(Assignment.self, from: bytes).rebuildRungs == nil)
  }
}
