import Foundation
import Synchronization
import TestSupport
import Testing
import Transport

@Suite(.serialized, .ownThread) struct TransportTests {
  /// Sends until a connection takes it: with the immediate option nothing is queued before that.
  private func insist(_ dealer: DealerSocket, _ payload: Data, within seconds: Double = 5) throws -> Bool {
    let end = GrantedTime.now + seconds
    while GrantedTime.now < end {
      if try dealer.send(payload) { return true }
      usleep(2000)
    }
    return false
  }

  private func receive(_ router: RouterSocket, within seconds: Double = 5) throws -> (peer: [UInt8], payload: Data)? {
    let poller = Poller()
    _ = poller.watch(router)
    let end = GrantedTime.now + seconds
    while GrantedTime.now < end {
      if let message = try router.receive() { return message }
      _ = try poller.wait(timeout: 0.05)
    }
    return nil
  }

  private func receive(_ dealer: DealerSocket, within seconds: Double = 5) throws -> Data? {
    let poller = Poller()
    _ = poller.watch(dealer)
    let end = GrantedTime.now + seconds
    while GrantedTime.now < end {
      if let message = try dealer.receive() { return message }
      _ = try poller.wait(timeout: 0.05)
    }
    return nil
  }

  @Test func manyMessagesComeBackInOrderFromAnotherThread() throws {
    let folder = try IpcFolder()
    let endpoint = try folder.endpoint()
    let context = try MessagingContext()
    let router = try RouterSocket(context)
    try router.bind(endpoint)
    let count = 5000
    let outcome = Mutex<(got: [Data], failure: String?)>(([], nil))
    let thread = Thread {
      do {
        let dealer = try DealerSocket(context, identity: Array("worker".utf8))
        try dealer.connect(endpoint)
        let poller = Poller()
        _ = poller.watch(dealer)
        var (got, sent) = ([Data](), 0)
        _ = try eventually(within: 60, progress: { got.count + sent }) { () -> Void? in
          while sent < count, try dealer.send(Data("message \(sent)".utf8)) { sent += 1 }
          _ = try poller.wait(timeout: 0.01)
          while let payload = try dealer.receive() { got.append(payload) }
          return got.count < count ? nil : ()
        }
        outcome.withLock { $0.got = got }
      } catch {
        outcome.withLock { $0.failure = "\(error)" }
      }
    }
    thread.start()
    var (seen, unsent) = (0, (peer: [UInt8], payload: Data)?.none)
    _ = try eventually(within: 60, every: 0, progress: { seen }) { () -> Void? in
      if let (peer, payload) = try unsent ?? receive(router, within: 0.1) {
        #expect(peer == Array("worker".utf8))
        unsent = try router.send(payload, to: peer) ? nil : (peer, payload)
        if unsent == nil { seen += 1 } else { usleep(500) }
      }
      return seen < count ? nil : ()
    }
    let ended: Void? = eventually(within: 120) { thread.isFinished ? () : nil }
    #expect(ended != nil && seen == count)
    let (got, failure) = outcome.withLock { $0 }
    #expect(failure == nil)
    #expect(got == (0..<count).map { Data("message \($0)".utf8) })
  }

  @Test func anUnknownPeerIsSaidAndNotSwallowed() throws {
    let folder = try IpcFolder()
    let router = try RouterSocket(MessagingContext())
    try router.bind(folder.endpoint())
    #expect(try router.send(Data("hello".utf8), to: [1, 2, 3]) == false)
    #expect(try router.send(Data("hello".utf8), to: []) == false)
  }

  @Test func nothingIsQueuedForARouterThatIsNotThere() throws {
    let folder = try IpcFolder()
    let dealer = try DealerSocket(MessagingContext(), identity: [1])
    try dealer.connect(folder.endpoint())
    for _ in 0..<10 { #expect(try dealer.send(Data("lost".utf8)) == false) }
  }

  @Test func whatIsTooLargeIsRefusedByTheSender() throws {
    let folder = try IpcFolder()
    let context = try MessagingContext()
    var options = SocketOptions()
    options.maximumMessageBytes = 1000
    let router = try RouterSocket(context, options: options)
    try router.bind(folder.endpoint())
    let dealer = try DealerSocket(context, identity: [1], options: options)
    #expect { try dealer.send(Data(count: 1001)) } throws: { ($0 as? TransportError)?.code == .messageTooLarge }
    #expect { try router.send(Data(count: 1001), to: [1]) } throws: {
      ($0 as? TransportError)?.code == .messageTooLarge
    }
  }

  @Test func aPeerThatSendsTooMuchLosesOnlyThat() throws {
    let folder = try IpcFolder()
    let context = try MessagingContext()
    var small = SocketOptions()
    small.maximumMessageBytes = 1000
    let router = try RouterSocket(context, options: small)
    try router.bind(folder.endpoint())
    var quick = SocketOptions()
    quick.reconnectFirst = 0.02
    let dealer = try DealerSocket(context, identity: [1], options: quick)
    try dealer.connect(folder.endpoint())
    #expect(try insist(dealer, Data("before".utf8)))
    #expect(try receive(router)?.payload == Data("before".utf8))
    #expect(try insist(dealer, Data(count: 5000)))
    // The connection is dropped and comes back; what is sent meanwhile is unknown, so it is sent until it arrives.
    var after: Data?
    let end = GrantedTime.now + 10
    while after == nil, GrantedTime.now < end {
      _ = try dealer.send(Data("after".utf8))
      after = try receive(router, within: 0.1)?.payload
    }
    #expect(after == Data("after".utf8))
  }

  @Test func aRouterThatIsBoundAgainIsFoundAgain() throws {
    let folder = try IpcFolder()
    let context = try MessagingContext()
    var quick = SocketOptions()
    quick.reconnectFirst = 0.02
    quick.reconnectMaximum = 0.1
    let dealer = try DealerSocket(context, identity: [7], options: quick)
    try dealer.connect(folder.endpoint())
    for round in 0..<3 {
      let router = try RouterSocket(context)
      try router.bind(folder.endpoint())
      var message: (peer: [UInt8], payload: Data)?
      let end = GrantedTime.now + 10
      while message == nil, GrantedTime.now < end {
        _ = try dealer.send(Data("round \(round)".utf8))
        message = try receive(router, within: 0.05)
      }
      #expect(message?.peer == [7])
      #expect(message?.payload == Data("round \(round)".utf8))
      #expect(try router.send(Data("answer \(round)".utf8), to: [7]))
      #expect(try receive(dealer) == Data("answer \(round)".utf8))
      router.close()
    }
  }

  @Test func thePollerSeesSocketsDescriptorsAndTime() throws {
    let wakeUp = try WakeUp()
    let poller = Poller()
    let token = poller.watch(descriptor: wakeUp.descriptor)
    let start = Poller.now
    #expect(try poller.wait(timeout: 0.05).isEmpty)
    #expect(Poller.now - start >= 0.05)
    Thread.detachNewThread {
      usleep(20_000)
      wakeUp.signal()
      wakeUp.signal()
    }
    #expect(try poller.wait(timeout: 10).map(\.token) == [token])
    usleep(40_000)
    // Level-triggered until it is drained.
    #expect(try poller.wait(timeout: 0).first?.isReadable == true)
    wakeUp.drain()
    #expect(try poller.wait(timeout: 0).isEmpty)
    wakeUp.signal()
    poller.unwatch(token)
    #expect(try poller.wait(timeout: 0).isEmpty)
  }

  @Test func thePollerSeesAHangUp() throws {
    var ends: [Int32] = [-1, -1]
    #expect(pipe(&ends) == 0)
    defer { close(ends[0]) }
    let poller = Poller()
    let token = poller.watch(descriptor: ends[0])
    close(ends[1])
    let ready = try poller.wait(timeout: 5)
    #expect(ready.map(\.token) == [token])
    #expect(ready.first?.hasFailed == true)
  }

  @Test func networkEndpointsNeedKeys() throws {
    let context = try MessagingContext()
    let router = try RouterSocket(context)
    let dealer = try DealerSocket(context, identity: [1])
    for endpoint in ["tcp://127.0.0.1:5555", "tcp://*:5555"] {
      #expect { try router.bind(endpoint) } throws: { ($0 as? TransportError)?.code == .insecureEndpoint }
      #expect { try dealer.connect(endpoint) } throws: { ($0 as? TransportError)?.code == .insecureEndpoint }
    }
    #expect { try router.bind("udp://x") } throws: { ($0 as? TransportError)?.code == .unsupportedEndpoint }
    #expect { try router.bind("ipc:///no/such/folder/x") } throws: {
      ($0 as? TransportError)?.code == .endpointUnavailable
    }
  }

  @Test func theFolderIsPrivateAndGoesAway() throws {
    let path: String
    do {
      let folder = try IpcFolder(environment: ["TMPDIR": "/tmp/"])
      path = folder.path
      #expect(path.hasPrefix("/tmp/coppice-"))
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o700)
      #expect(try folder.endpoint() == "ipc://\(path)/control.socket")
      #expect { try folder.endpoint(named: String(repeating: "x", count: 100)) } throws: {
        ($0 as? TransportError)?.code == .pathTooLong
      }
    }
    #expect(!FileManager.default.fileExists(atPath: path))
    let long = "/tmp/" + String(repeating: "x", count: 90)
    #expect { try IpcFolder(environment: ["TMPDIR": long]) } throws: { error in
      (error as? TransportError)?.code == .pathTooLong && "\(error)".contains("107")
    }
    #expect { try IpcFolder(environment: ["TMPDIR": "/no-such-folder"]) } throws: {
      ($0 as? TransportError)?.code == .folderUnavailable
    }
  }

  /// 107 bytes work, so the limit is the kernel's and not a guess.
  @Test func theLongestPathWorks() throws {
    let folder = try IpcFolder(environment: ["TMPDIR": "/tmp"])
    let name = String(repeating: "n", count: 107 - folder.path.utf8.count - "/.socket".utf8.count)
    let router = try RouterSocket(MessagingContext())
    try router.bind(folder.endpoint(named: name))
    #expect(throws: TransportError.self) { try folder.endpoint(named: name + "n") }
  }
}
