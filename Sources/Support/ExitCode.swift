/// The exit codes of both executables: the numbers of BSD's sysexits, which service managers and scripts know.
package enum ExitCode: Int32, Sendable, CaseIterable {
  case success = 0
  /// The command line cannot be understood.
  case usage = 64
  /// A network, a dataset or an array is broken or does not fit.
  case badData = 65
  /// A named input file or folder is not there, or may not be read.
  case missingInput = 66
  /// Something that the command needs is not on this machine: libtorch, a device, the other executable.
  case unavailable = 69
  /// A fault of ours.
  case `internal` = 70
  /// An output file cannot be written.
  case cannotCreate = 73
  /// Trying again may help: a lost worker, a lock that another process holds.
  case temporary = 75
  /// A spec that cannot be used, or a value out of its range.
  case configuration = 78
  /// Stopped by the user (128 + SIGINT).
  case interrupted = 130

  /// One line for tables of documentation.
  package var meaning: String {
    switch self {
    case .success: "done"
    case .usage: "the command line cannot be understood"
    case .badData: "a network, a dataset or an array is broken or does not fit"
    case .missingInput: "an input file or folder is missing, or may not be read"
    case .unavailable: "something needed is not on this machine (libtorch, a device), or no worker can be started"
    case .internal: "a fault of Coppice itself"
    case .cannotCreate: "an output file cannot be written"
    case .temporary:
      "trying again may help: a lock that another process holds, a coordinator that does not answer"
    case .configuration:
      "the spec, or a value in it, cannot be used; a worker that its coordinator refuses for good"
    case .interrupted: "stopped by the user"
    }
  }
}
