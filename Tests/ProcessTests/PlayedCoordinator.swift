import Foundation
import StudyModel
import Support
import TestSupport
import Transport
import WireProtocol

/// A coordinator's end of the wire, played by a test for one real worker process.
final class PlayedCoordinator {
  struct Silence: Error, CustomStringConvertible {
    let description: String
  }

  private let sockets: IpcFolder
  private let context: MessagingContext
  private let router: RouterSocket
  private var peer: [UInt8] = []
  private var isWelcome = false
  private var sequence: UInt64 = 0

  init() throws {
    sockets = try IpcFolder()
    context = try MessagingContext()
    router = try RouterSocket(context)
    try router.bind(sockets.endpoint())
  }

  deinit {
    router.close()
    sockets.remove()
  }

  var endpoint: String { get throws { try sockets.endpoint() } }

  /// The next message that is no PING, which is answered, and no repeated HELLO.
  func next(within seconds: Double = 60) throws -> WorkerMessage {
    let poller = Poller()
    _ = poller.watch(router)
    let end = GrantedTime.now + seconds
    while GrantedTime.now < end {
      while let (from, payload) = try router.receive() {
        peer = from
        switch try WorkerMessage.decode(payload).message {
        case .ping: try say(.pong)
        case .hello where isWelcome: break
        case let message: return message
        }
      }
      _ = try poller.wait(timeout: 0.05)
    }
    throw Silence(description: "the worker said nothing for \(seconds) s")
  }

  func say(_ message: CoordinatorMessage) throws {
    sequence += 1
    _ = try router.send(message.encode(epoch: 1, sequence: sequence), to: peer)
  }

  /// Through HELLO, WELCOME and READY.
  func welcome(heartbeat: Double = 1, orphanLimit: Double = 600) throws {
    guard case .hello = try next() else { throw Silence(description: "no HELLO came first") }
    isWelcome = true
    try say(
      .welcome(
        Welcome(
          run: "run", heartbeatInterval: heartbeat, leaseLifetime: 60, orphanLimit: orphanLimit, study: Self.study)))
    guard case .ready = try next() else { throw Silence(description: "no READY followed the WELCOME") }
  }

  func lease(_ number: Int64) throws {
    try say(
      .lease(
        LeaseGrant(
          Assignment(
            lease: LeaseID(number), key: EvaluationKey(trial: TrialID(3), rung: 0), attempt: 1,
            plan: PruningPlan(criterion: .l1, sparsity: .uniform(0.5), seed: 1), fromEpochs: 0, toEpochs: 0,
            parentCheckpoint: nil, timeLimit: 600))))
  }

  func leave() { router.close() }

  private static let study = StudyContext(
    spec: StudySpec(
      study: "played", network: .file(path: "base.onnx"), data: DataSource(format: "fashion-mnist"),
      objectives: [.accuracy, .parameters]),
    network: Digest(of: Data("network".utf8)), artifactFolder: "/somewhere/artifacts")
}
