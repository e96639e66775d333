import Foundation

/// A pipe that tells a child that its parent is gone: the child holds the read end and exits at the end of the file.
///
/// The kernel closes the parent's end however the parent dies, on every host, and the child needs no parent's pid.
package final class Lifeline {
  /// To be mapped into the child (as its standard input, say), then closed here.
  package let childEnd: OwnedDescriptor
  private let parentEnd: OwnedDescriptor

  package init() throws {
    (childEnd, parentEnd) = try OwnedDescriptor.pipe()
  }

  /// Lets the child go: it sees the end of the file.
  package func cut() { parentEnd.close() }

  /// In a child: whether the parent is gone, from a lifeline that polls as readable.
  package static func isCut(_ descriptor: Int32) -> Bool {
    var byte: UInt8 = 0
    while true {
      let got = read(descriptor, &byte, 1)
      if got >= 0 { return got == 0 }
      if errno == EINTR { continue }
      return errno != EAGAIN
    }
  }
}
