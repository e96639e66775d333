import Foundation
import Logging

/// The one handler of both executables: each event becomes a line in a format, for a destination.
package struct LineLogHandler: LogHandler {
  package var logLevel: Logger.Level
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  private let label: String
  private let format: LogFormat
  private let destination: LogDestination
  private let now: @Sendable () -> Double

  package init(
    label: String, level: Logger.Level, format: LogFormat, to destination: LogDestination,
    now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) {
    self.label = label
    logLevel = level
    self.format = format
    self.destination = destination
    self.now = now
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var fields = metadata
    fields.merge(metadataProvider?.get() ?? [:]) { _, new in new }
    fields.merge(event.metadata ?? [:]) { _, new in new }
    if let error = event.error { fields["error"] = "\(error)" }
    destination.write(format.line(at: now(), event.level, label: label, event.message.description, fields))
  }
}

extension Logger {
  /// A logger of its own, whatever handler the process has set for all.
  package init(label: String, level: Level, format: LogFormat, to destination: LogDestination) {
    self.init(label: label) { LineLogHandler(label: $0, level: level, format: format, to: destination) }
  }
}
