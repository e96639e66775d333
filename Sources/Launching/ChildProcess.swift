import CLinux
import Foundation

/// A process that this one started and will reap.
///
/// It is killed with its handle, so that no child outlives its owner by a forgotten reference. Not for several threads.
package final class ChildProcess {
  /// What to run, and what of ours it sees.
  package struct Launch {
    /// A path, not searched for; relative ones are relative to this process's folder.
    package var executable: String
    /// Without the executable's own name.
    package var arguments: [String]
    /// The whole environment; nil inherits ours.
    package var environment: [String: String]?
    package var workingFolder: String?
    /// The child's descriptor -> ours. All others, standard ones apart, are closed.
    package var descriptors: [Int32: Int32]
    /// Where 0, 1 and 2 go when `descriptors` does not say: ours, or /dev/null.
    package var inheritsStandardStreams: Bool
    /// A group of its own, so that its children can be killed with it and terminal signals do not reach it.
    package var hasOwnGroup: Bool

    package init(
      executable: String, arguments: [String] = [], environment: [String: String]? = nil, workingFolder: String? = nil,
      descriptors: [Int32: Int32] = [:], inheritsStandardStreams: Bool = false, hasOwnGroup: Bool = true
    ) {
      self.executable = executable
      self.arguments = arguments
      self.environment = environment
      self.workingFolder = workingFolder
      self.descriptors = descriptors
      self.inheritsStandardStreams = inheritsStandardStreams
      self.hasOwnGroup = hasOwnGroup
    }
  }

  package let pid: pid_t
  /// How it ended, once reaped.
  package private(set) var exit: Exit?
  private let hasOwnGroup: Bool
  private let endDescriptor: OwnedDescriptor

  /// Starts the process by posix_spawn: nothing of ours runs between the fork and the exec.
  package static func spawn(_ launch: Launch) throws -> ChildProcess {
    let pid = try Spawn.start(launch)
    let pidDescriptor = coppice_pidfd_open(pid)
    guard pidDescriptor >= 0 else {
      let number = errno
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
      throw LaunchError("follow process \(pid)", errorNumber: number)
    }
    return ChildProcess(pid: pid, hasOwnGroup: launch.hasOwnGroup, endDescriptor: OwnedDescriptor(pidDescriptor))
  }

  private init(pid: pid_t, hasOwnGroup: Bool, endDescriptor: OwnedDescriptor) {
    self.pid = pid
    self.hasOwnGroup = hasOwnGroup
    self.endDescriptor = endDescriptor
  }

  deinit {
    guard exit == nil else { return }
    terminate(SIGKILL)
    _ = try? wait()
  }

  /// Readable once the process has ended (a pidfd); stays so.
  package var descriptor: Int32 { endDescriptor.raw }

  /// Sends a signal to the process, and to its group where it has its own; nothing after it was reaped.
  package func terminate(_ signal: Int32 = SIGTERM) {
    guard exit == nil else { return }
    kill(hasOwnGroup ? -pid : pid, signal)
  }

  /// How the process ended, or nil while it runs; frees its entry in the process table.
  package func reap() throws -> Exit? { try reap(timeout: 0) }

  /// Waits for the end.
  package func wait() throws -> Exit {
    while true {
      if let exit = try reap(timeout: -1) { return exit }
    }
  }

  private func reap(timeout: Int32) throws -> Exit? {
    if let exit { return exit }
    var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let ready = poll(&item, 1, timeout)
    if ready < 0 && errno != EINTR { throw LaunchError("wait for process \(pid)", errorNumber: errno) }
    guard ready > 0 else { return nil }
    // What is left of its group would go on without an owner. Before the reaping, while the number is still its own.
    if hasOwnGroup { kill(-pid, SIGKILL) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) != pid {
      if errno != EINTR { throw LaunchError("wait for process \(pid)", errorNumber: errno) }
    }
    exit = Exit(waitStatus: status)
    return exit
  }
}
