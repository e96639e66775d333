import Foundation
import StudyModel
import Support
import Testing
import WireProtocol

/// What a peer must not send: always a `WireError`, never a trap.
@Suite struct FrameFaultTests {
  private func code(_ hex: String) -> WireError.Code? {
    do {
      _ = try WorkerMessage.decode(Data(hex: hex))
      return nil
    } catch {
      return (error as? WireError)?.code
    }
  }

  @Test func headersAreReadStrictly() {
    let rest = "0000000000000009 0000000000000001 0801"
    #expect(code("43504301 02 000000" + rest) == nil)
    #expect(code("") == .tooShort)
    #expect(code("43504301 02 000000 0000000000000009 00000000000000") == .tooShort)
    #expect(code("43504401 02 000000" + rest) == .wrongMagic)
    #expect(code("47455420 2f 000000" + rest) == .wrongMagic)
    #expect(code("43504302 02 000000" + rest) == .wrongVersion(2))
    #expect(code("43504301 00 000000" + rest) == .unknownType(0))
    #expect(code("43504301 84 000000" + rest) == .unknownType(0x84))
    #expect(code("43504301 02 000100" + rest) == .reservedBytesSet)
    #expect(code("43504301 02 000000" + rest + String(repeating: "00", count: 64 * 1024)) == .tooLong)
  }

  @Test func bodiesAreReadStrictly() {
    // A length of 2^63, a field that ends early, an invalid UTF-8 string, a group that never ends.
    for bytes in ["0affffffffffffffff7f", "0a05", "0a02c328", "0b0b0b0b"] {
      #expect(code("43504301 07 000000 0000000000000009 0000000000000001" + bytes) == .malformedBody, "\(bytes)")
    }
    // A lease of zero, a fraction that is no number, one over 1, a reason and a class that nobody knows.
    #expect(code("43504301 06 000000 0000000000000009 0000000000000001") == .invalidField("lease"))
    let prefix = "43504301 03 000000 0000000000000009 0000000000000001 0a0b080719"
    #expect(code(prefix + "000000000000f87f") == .invalidField("fraction"))
    #expect(code(prefix + "000000000000f83f") == .invalidField("fraction"))
    #expect(code("43504301 07 000000 0000000000000009 0000000000000001 0a026869") == .invalidField("reason"))
    #expect(code("43504301 05 000000 0000000000000009 0000000000000001 080112026869") == .invalidField("class"))
    // 15 bytes of incarnation.
    let hello = "43504301 01 000000 0000000000000009 0000000000000001 08011001"
    #expect(code(hello + "220f000102030405060708090a0b0c0d0e 4801") == .invalidField("incarnation"))
  }

  @Test func aLeaseMustSayTwiceWhatItIs() throws {
    let frame = try CoordinatorMessage.lease(LeaseGrant(Example.assignment(lease: 7))).encode(epoch: 1, sequence: 1)
    var changed = frame
    // The body begins with field 1, the lease.
    #expect(changed[24] == 0x08 && changed[25] == 7)
    changed[25] = 8
    #expect(throws: WireError.self) { try CoordinatorMessage.decode(changed) }
  }

  @Test func whatDoesNotFitIsRefusedBeforeItIsSent() throws {
    let layers = (0..<8000).map { "layer-number-\($0)" }
    var context = Example.context()
    context.spec.space.layers = LayerSet(include: layers)
    let welcome = CoordinatorMessage.welcome(
      Welcome(run: "r", heartbeatInterval: 5, leaseLifetime: 60, orphanLimit: 1800, study: context))
    #expect { try welcome.encode(epoch: 1, sequence: 1) } throws: { error in
      (error as? WireError)?.code == .tooLong && "\(error)".contains("Shorten the spec")
    }
    let report = ResultReport(lease: LeaseID(1), bytes: Data(count: 70_000))
    #expect { try WorkerMessage.result(report).encode(epoch: 1, sequence: 1) } throws: { error in
      (error as? WireError)?.code == .tooLong
    }
  }

  /// Truncated, flipped, spliced and random frames: each is a message or a `WireError`.
  @Test func nothingThatArrivesTraps() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    var frames = try FrameGoldenTests.workerGoldens.map { try $0.message.encode(epoch: 1, sequence: 1) }
    frames += try FrameGoldenTests.coordinatorGoldens.map { try $0.message.encode(epoch: 1, sequence: 1) }
    frames.append(try CoordinatorMessage.lease(LeaseGrant(Example.assignment())).encode(epoch: 1, sequence: 1))
    var refused = 0
    for _ in 0..<20_000 {
      var bytes = frames[generator.integer(below: frames.count)]
      switch generator.integer(below: 4) {
      case 0: bytes = Data(bytes.prefix(generator.integer(below: bytes.count + 1)))
      case 1:
        for _ in 0...generator.integer(below: 4) {
          bytes[generator.integer(below: bytes.count)] = UInt8.random(in: 0...255, using: &generator)
        }
      case 2:
        let other = frames[generator.integer(below: frames.count)]
        bytes = Data(bytes.prefix(24)) + Data(other.suffix(generator.integer(below: other.count)))
      default:
        let count = generator.integer(below: 64)
        bytes = Data(bytes.prefix(24)) + Data((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
      }
      for decode in [{ _ = try WorkerMessage.decode($0) }, { _ = try CoordinatorMessage.decode($0) }]
        as [(Data) throws -> Void]
      {
        do {
          try decode(bytes)
        } catch {
          refused += 1
          #expect(error is WireError, "seed \(seed): \(bytes.hex) gave \(error)")
        }
      }
    }
    #expect(refused > 20_000, "seed \(seed): hardly anything was refused")
  }
}
