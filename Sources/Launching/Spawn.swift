import CLinux
import Foundation

/// posix_spawn with its attributes and file actions.
enum Spawn {
  static func start(_ launch: ChildProcess.Launch) throws -> pid_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    set(&attributes, hasOwnGroup: launch.hasOwnGroup)

    // Sources are first moved above all targets, so that no mapping overwrites another's source.
    let null = try OwnedDescriptor.null()
    var descriptors = launch.descriptors
    if !launch.inheritsStandardStreams {
      for standard in Int32(0)...2 where descriptors[standard] == nil { descriptors[standard] = null.raw }
    }
    let highest = max(2, descriptors.keys.max() ?? 2)
    var moved: [(target: Int32, source: OwnedDescriptor)] = []
    for (target, source) in descriptors.sorted(by: { $0.key < $1.key }) {
      let copy = fcntl(source, F_DUPFD_CLOEXEC, highest + 1)
      guard copy >= 0 else { throw LaunchError("hand over descriptor \(source)", errorNumber: errno) }
      moved.append((target, OwnedDescriptor(copy)))
    }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (target, source) in moved { posix_spawn_file_actions_adddup2(&actions, source.raw, target) }
    for gap in stride(from: Int32(3), to: highest, by: 1) where descriptors[gap] == nil {
      posix_spawn_file_actions_addclose(&actions, gap)
    }
    coppice_spawn_close_from(&actions, highest + 1)
    if let folder = launch.workingFolder { coppice_spawn_change_folder(&actions, folder) }

    let executable = absolute(launch.executable)
    let environment = launch.environment ?? ProcessInfo.processInfo.environment
    var pid: pid_t = 0
    let status = withCStrings([executable] + launch.arguments) { arguments in
      withCStrings(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }) { variables in
        posix_spawn(&pid, executable, &actions, &attributes, arguments, variables)
      }
    }
    withExtendedLifetime(moved) {}
    guard status == 0 else { throw LaunchError("start '\(executable)'", errorNumber: status) }
    return pid
  }

  /// Default signal dispositions and an empty mask: a child must not inherit that we ignore SIGPIPE or block SIGTERM.
  private static func set(_ attributes: inout posix_spawnattr_t, hasOwnGroup: Bool) {
    var flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for signal in [SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGCHLD] { sigaddset(&defaults, signal) }
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    var mask = sigset_t()
    sigemptyset(&mask)
    posix_spawnattr_setsigmask(&attributes, &mask)
    if hasOwnGroup {
      flags |= POSIX_SPAWN_SETPGROUP
      posix_spawnattr_setpgroup(&attributes, 0)
    }
    posix_spawnattr_setflags(&attributes, Int16(flags))
  }

  private static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }

  /// A C array of C strings, closed by a null pointer, for the time of the call.
  private static func withCStrings<Outcome>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Outcome
  ) -> Outcome {
    var pointers = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return body(&pointers)
  }
}
