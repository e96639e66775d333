import Foundation

/// What is known of the terminal behind a descriptor. Asked anew each time, so that a window that was resized is seen.
package struct Terminal: Sendable {
  package static let output = Terminal(STDOUT_FILENO)
  package static let errors = Terminal(STDERR_FILENO)
  /// For tables that go into files and pipes, and terminals that do not tell their size.
  package static let usualColumns = 80

  private let descriptor: Int32

  package init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Whether lines can be redrawn there.
  package var isInteractive: Bool {
    isatty(descriptor) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  /// For tables: the window's width, and the usual one in files and pipes, whoever looks at them later.
  package var tableColumns: Int { isatty(descriptor) == 1 ? columns : Self.usualColumns }

  package var columns: Int {
    var size = winsize()
    if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    let told = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) } ?? 0
    return told > 0 ? told : Self.usualColumns
  }
}
