import Foundation
import Launching
import StudyModel
import Support
import Testing
import WireProtocol

@Suite struct EngineChannelTests {
  static let events: [EngineEvent] = [
    .progress(lease: LeaseID(7), step: "prune", fraction: 0.25),
    .result(lease: LeaseID(7), Example.result()),
    .failed(lease: nil, failureClass: .badInput, message: "no data", remedy: "get some"),
    .failed(lease: LeaseID(9), failureClass: .resource, message: "no memory", remedy: nil),
    .result(lease: LeaseID(7), Example.result(), retires: true),
  ]

  /// Bodies made with `protoc --encode`.
  @Test func eventsHaveTheirBytes() throws {
    #expect(try Self.events[0].encode().hex == "00000014" + "0a12080712057072756e6519000000000000d03f")
    #expect(
      try Self.events[2].encode().hex
        == "00000020" + "1a1e12096261642d696e7075741a076e6f2064617461220867657420736f6d65")
    // Two bytes more than a result of an engine that stays: field 3, true.
    let (stays, retires) = (try Self.events[1].encode(), try Self.events[4].encode())
    #expect(retires.count == stays.count + 2 && retires.suffix(2).hex == "1801")
  }

  @Test func bothWaysOverPipes() throws {
    let commands = try OwnedDescriptor.pipe()
    let events = try OwnedDescriptor.pipe()
    let worker = EngineChannel(readDescriptor: events.read.raw, writeDescriptor: commands.write.raw)
    let engine = EngineChannel(readDescriptor: commands.read.raw, writeDescriptor: events.write.raw)
    let sent: [EngineCommand] = [.study(Example.context()), .begin(Example.assignment())]
    for command in sent { try worker.send(command) }
    for command in sent { #expect(try engine.receiveCommand() == command) }
    for event in Self.events { try engine.send(event) }
    for event in Self.events { #expect(try worker.receiveEvent() == event) }
    commands.write.close()
    #expect(try engine.receiveCommand() == nil)
    events.read.close()
    #expect { try engine.send(Self.events[0]) } throws: { ($0 as? WireError)?.code == .pipeFailure }
  }

  @Test func anEndInsideAMessageIsAnError() throws {
    let pipe = try OwnedDescriptor.pipe()
    let bytes = try Self.events[1].encode()
    #expect(bytes.prefix(40).withUnsafeBytes { write(pipe.write.raw, $0.baseAddress, $0.count) } == 40)
    pipe.write.close()
    let channel = EngineChannel(readDescriptor: pipe.read.raw, writeDescriptor: -1)
    #expect { try channel.receiveEvent() } throws: { ($0 as? WireError)?.code == .endedEarly }
  }

  @Test func fractionsBeyondTheEndAreHeldThere() throws {
    var buffer = PipeBuffer()
    buffer.append(try EngineEvent.progress(lease: LeaseID(1), step: "s", fraction: 1.0000001).encode())
    #expect(try buffer.nextEvent() == .progress(lease: LeaseID(1), step: "s", fraction: 1))
  }

  @Test func bytesInPiecesOfAnySizeMakeTheSameEvents() throws {
    let stream = try Self.events.map { try $0.encode() }.reduce(Data(), +)
    for size in [1, 2, 3, 5, 7, 64, 1000] {
      var buffer = PipeBuffer()
      var found: [EngineEvent] = []
      for start in stride(from: 0, to: stream.count, by: size) {
        buffer.append(Data(stream[start..<min(start + size, stream.count)]))
        while let event = try buffer.nextEvent() { found.append(event) }
      }
      #expect(found == Self.events)
      #expect(!buffer.isInsideMessage)
    }
  }

  @Test func tooLongIsRefusedBeforeItIsRead() {
    var buffer = PipeBuffer()
    buffer.append(Data(hex: "7fffffff"))
    #expect { try buffer.nextEvent() } throws: { ($0 as? WireError)?.code == .tooLong }
  }

  @Test func mutatedBytesNeverTrap() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    let streams = try Self.events.map { try $0.encode() }
    for _ in 0..<10_000 {
      var bytes = streams[generator.integer(below: streams.count)]
      for _ in 0...generator.integer(below: 3) {
        bytes[generator.integer(below: bytes.count)] = UInt8.random(in: 0...255, using: &generator)
      }
      var buffer = PipeBuffer()
      buffer.append(bytes)
      do {
        _ = try buffer.nextEvent()
      } catch {
        #expect(error is WireError, "seed \(seed): \(bytes.hex)")
      }
    }
  }
}
