/// What a worker says of itself.
package struct WorkerIdentity: Hashable, Sendable {
  package var build: String
  package var host: String
  package var label: String
  package var processID: UInt32
  package var device: String

  package init(build: String, host: String, label: String, processID: UInt32, device: String) {
    self.build = build
    self.host = host
    self.label = label
    self.processID = processID
    self.device = device
  }
}
