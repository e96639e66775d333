import Dispatch
import Foundation
import Support
import Testing

@Suite struct DigestTests {
  @Test func textsAreChecked() throws {
    let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    let digest = try #require(Digest(hex: text))
    #expect(Digest(of: Data("abc".utf8)) == digest)
    for wrong in [
      "", "abc", text + "0", text.uppercased(), String(text.dropLast()) + "g", String(text.dropLast()) + "ö",
    ] {
      #expect(Digest(hex: wrong) == nil)
    }
    #expect(try CanonicalBytes.decode([Digest].self, from: Data("[\"\(text)\"]".utf8)) == [digest])
    #expect(throws: DecodingError.self) { try CanonicalBytes.decode([Digest].self, from: Data("[\"../../x\"]".utf8)) }
  }

  /// The examples of FIPS 180-4, one block, two blocks, and the bytes around a block's end; all but the first three from Python's hashlib.
  @Test(arguments: [
    (Data(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (Data("abc".utf8), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      Data("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (Data(repeating: 0x61, count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    (Data(repeating: 0, count: 55), "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"),
    (Data(repeating: 0, count: 56), "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"),
    (Data(repeating: 0, count: 63), "c7723fa1e0127975e49e62e753db53924c1bd84b8ac1ac08df78d09270f3d971"),
    (Data(repeating: 0, count: 64), "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"),
    (Data(repeating: 0, count: 65), "98ce42deef51d40269d542f5314bef2c7468d401ad5d85168bfab4c0108f75f7"),
  ])
  func knownDigests(bytes: Data, hex: String) { #expect(Digest(of: bytes).hex == hex) }

  /// Bytes that have no pattern of a power of two, cut into pieces that no block fits.
  @Test(arguments: [1, 7, 63, 64, 65, 4093, 1 << 20])
  func piecesAddUp(size: Int) {
    let count = size < 64 ? 20_000 : 5_000_011
    let bytes = Data((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ $0 / 251) })
    var builder = DigestBuilder()
    var position = 0
    while position < count {
      let end = min(position + size, count)
      builder.update(bytes[position..<end])
      builder.update([UInt8]())
      position = end
    }
    let digest = builder.finalize()
    #expect(digest == Digest(of: bytes))
    #expect(
      digest.hex
        == (count == 20_000
          ? "fd8627e6051ea659e3fa9efc192c0bd8c3e1591bf63aa79f3a79a13184257da0"
          : "71a4447efd3aad0985a4a507bc5bd94765aa03d1256cb8be86826f26d3bb6c44"))
  }

  /// Bytes that lie in several regions are digested in their order.
  @Test func regionsAddUp() {
    var parts = DispatchData.empty
    for text in ["a", "b", "c"] { parts.append(Array(text.utf8).withUnsafeBytes { DispatchData(bytes: $0) }) }
    #expect(Digest(of: parts) == Digest(of: Data("abc".utf8)))
    #expect(Digest(of: Data("xabcx".utf8).dropFirst().dropLast()) == Digest(of: Data("abc".utf8)))
  }

  /// Builders of many threads, begun at the same time, do not touch each other.
  @Test func threadsDigestBesideEachOther() async {
    let expected = (0..<64).map { Digest(of: Data(repeating: UInt8($0), count: 10_000 + $0)) }
    let found = await withTaskGroup(of: (Int, Digest).self) { group in
      for number in 0..<64 {
        group.addTask {
          var builder = DigestBuilder()
          for _ in 0..<100 { builder.update(Data(repeating: UInt8(number), count: 100)) }
          builder.update(Data(repeating: UInt8(number), count: number))
          return (number, builder.finalize())
        }
      }
      return await group.reduce(into: [Int: Digest]()) { $0[$1.0] = $1.1 }
    }
    for number in 0..<64 { #expect(found[number] == expected[number]) }
  }
}
