import Foundation
import StudyModel
import Support
import Testing
import WireProtocol

/// The bytes of every message, whose bodies were made with Google's protoc (`protoc --encode`) from the .proto files: an
/// old worker must understand a new coordinator.
@Suite struct FrameGoldenTests {
  static let headerTail = "000000 0000000000000009 0102030405060708"

  static let workerGoldens: [(message: WorkerMessage, type: String, body: String)] = [
    (
      .hello(
        Hello(
          protocols: 1...3, build: "b1", incarnation: Incarnation(bytes: UInt8(0)..<16)!, host: "node-1", label: "w0",
          processID: 4242, device: "cpu", slots: 1, run: "r-1", heldLeases: [LeaseID(7)],
          spooledLeases: [LeaseID(5), LeaseID(300)])),
      "01",
      "080110031a0262312210000102030405060708090a0b0c0d0e0f2a066e6f64652d3132027730389221420363707548015203722d315a0107"
        + "620305ac02"
    ),
    (
      .hello(
        Hello(
          protocols: 1...3, build: "b1", incarnation: Incarnation(bytes: UInt8(0)..<16)!, host: "node-1", label: "w0",
          processID: 4242, device: "cpu", slots: 1, run: "r-1", heldLeases: [LeaseID(7)],
          spooledLeases: [LeaseID(5), LeaseID(300)], engine: Example.engine)),
      "01",
      "080110031a0262312210000102030405060708090a0b0c0d0e0f2a066e6f64652d3132027730389221420363707548015203722d315a0107"
        + "620305ac02"
        + "6a406162616261626162616261626162616261626162616261626162616261626162616261626162616261626162616261626162616261"
        + "6261626162616261626162720f322e31332e302c206275696c6420317a0b7838365f36342041565832"
    ),
    (.ready(Ready(freeSlots: 1)), "02", "0801"),
    (
      .ping(
        Ping(leases: [LeaseProgress(lease: LeaseID(7), counter: 3, fraction: 0.5, step: "fine-tune")], freeSlots: 0)),
      "03", "0a180807100319000000000000e03f220966696e652d74756e65"
    ),
    (
      .result(ResultReport(lease: LeaseID(7), bytes: Data("{}".utf8))), "04",
      "080712027b7d1a2044136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    ),
    (
      .failed(
        FailureReport(
          lease: LeaseID(7),
          failure: EvaluationFailure(
            failureClass: .badInput, message: "no", exitStatus: 0, signal: 9, logTail: "tail"))),
      "05", "080712096261642d696e7075741a026e6f2000280932047461696c"
    ),
    (.release(LeaseID(7)), "06", "0807"),
    (.bye(.stopping), "07", "0a0873746f7070696e67"),
  ]

  static let coordinatorGoldens: [(message: CoordinatorMessage, type: String, body: String)] = [
    (
      .reject(Rejection(code: .unknownSession, text: "who?")), "82",
      "0a0f756e6b6e6f776e2d73657373696f6e120477686f3f"
    ),
    (.pong, "84", ""),
    (.resultAcknowledged(LeaseID(300), .duplicate), "85", "08ac0212096475706c6963617465"),
    (.failureAcknowledged(LeaseID(300)), "86", "08ac02"),
    (.cancel(LeaseID(300)), "87", "08ac02"),
    (.bye(.stopping), "88", "0a0873746f7070696e67"),
  ]

  @Test(arguments: workerGoldens.indices)
  func workerMessagesHaveTheirBytes(_ index: Int) throws {
    let golden = Self.workerGoldens[index]
    let bytes = Data(hex: "43504301" + golden.type + Self.headerTail + golden.body)
    #expect(try golden.message.encode(epoch: 9, sequence: 0x0102_0304_0506_0708).hex == bytes.hex)
    let envelope = try WorkerMessage.decode(bytes)
    #expect(envelope == Envelope(epoch: 9, sequence: 0x0102_0304_0506_0708, message: golden.message))
  }

  @Test(arguments: coordinatorGoldens.indices)
  func coordinatorMessagesHaveTheirBytes(_ index: Int) throws {
    let golden = Self.coordinatorGoldens[index]
    let bytes = Data(hex: "43504301" + golden.type + Self.headerTail + golden.body)
    #expect(try golden.message.encode(epoch: 9, sequence: 0x0102_0304_0506_0708).hex == bytes.hex)
    let envelope = try CoordinatorMessage.decode(bytes)
    #expect(envelope == Envelope(epoch: 9, sequence: 0x0102_0304_0506_0708, message: golden.message))
  }

  @Test func contentsTravelWhole() throws {
    let welcome = CoordinatorMessage.welcome(
      Welcome(run: "r", heartbeatInterval: 5, leaseLifetime: 60, orphanLimit: 1800, study: Example.context()))
    #expect(try CoordinatorMessage.decode(welcome.encode(epoch: .max, sequence: 1)).message == welcome)
    let lease = CoordinatorMessage.lease(LeaseGrant(Example.assignment()))
    #expect(try CoordinatorMessage.decode(lease.encode(epoch: 1, sequence: 1)).message == lease)
    let report = try ResultReport(lease: LeaseID(7), result: Example.result())
    guard
      case .result(let received) = try WorkerMessage.decode(WorkerMessage.result(report).encode(epoch: 1, sequence: 1))
        .message
    else {
      Issue.record("not a result")
      return
    }
    #expect(received.isIntact)
    #expect(try received.result() == Example.result())
  }

  @Test func unknownFieldsAreIgnored() throws {
    // Field 99, a string, behind READY(1): what a later minor version may add.
    let bytes = Data(hex: "43504301 02" + Self.headerTail + "0801" + "9a06026869")
    #expect(try WorkerMessage.decode(bytes).message == .ready(Ready(freeSlots: 1)))
  }

  @Test func aChangedResultIsNotAResult() throws {
    var report = try ResultReport(lease: LeaseID(7), result: Example.result())
    report.bytes[20] ^= 1
    #expect(!report.isIntact)
    #expect(throws: WireError.self) { try report.result() }
  }

  @Test func longTextsAreCutAndNotRefused() throws {
    let failure = EvaluationFailure(
      failureClass: .transient, message: String(repeating: "ä", count: 5000),
      logTail: String(repeating: "x", count: 20_000) + "the end ö")
    let frame = try WorkerMessage.failed(FailureReport(lease: LeaseID(1), failure: failure)).encode(
      epoch: 1, sequence: 1)
    guard case .failed(let report) = try WorkerMessage.decode(frame).message else {
      Issue.record("not a failure")
      return
    }
    #expect(report.failure.logTail.utf8.count == WireLimits.logTailBytes)
    #expect(report.failure.logTail.hasSuffix("the end ö"))
    #expect(report.failure.message == String(repeating: "ä", count: WireLimits.textBytes / 2))
  }
}
