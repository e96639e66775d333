import Foundation

/// Prints the bytes that `Digest` takes a second, for pieces of the size and for about the seconds that the command line names.
@main
enum DigestSpeed {
  static func main() {
    let (size, seconds) = (Int(CommandLine.arguments[1]) ?? 1, Double(CommandLine.arguments[2]) ?? 1)
    let bytes = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 131) })
    // The processor's time, as `openssl speed` takes it: neighbours on the machine do not count.
    let started = clock()
    var (count, last, passed) = (0, Digest(of: bytes), 0.0)
    while passed < seconds {
      for _ in 0..<max(1, 100_000 / size) {
        let digest = Digest(of: bytes)
        precondition(digest == last)
        last = digest
        count += 1
      }
      passed = Double(clock() - started) / Double(CLOCKS_PER_SEC)
    }
    print(Double(count * size) / passed)
  }
}
