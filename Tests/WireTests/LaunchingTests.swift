import Foundation
import Launching
import TestSupport
import Testing

@Suite(.serialized, .ownThread) struct LaunchingTests {
  private func shell(_ script: String, descriptors: [Int32: Int32] = [:]) -> ChildProcess.Launch {
    ChildProcess.Launch(executable: "/bin/sh", arguments: ["-c", script], descriptors: descriptors)
  }

  /// All that a pipe holds until its end.
  private func readAll(_ pipe: OwnedDescriptor) -> String {
    String(decoding: FileHandle(fileDescriptor: pipe.raw, closeOnDealloc: false).readDataToEndOfFile(), as: UTF8.self)
  }

  @Test(arguments: [0, 1, 3, 78, 255])
  func exitCodesArrive(_ code: Int) throws {
    #expect(try ChildProcess.spawn(shell("exit \(code)")).wait() == .code(Int32(code)))
  }

  @Test(arguments: [SIGKILL, SIGTERM, SIGSEGV, SIGABRT])
  func signalsArrive(_ number: Int32) throws {
    #expect(try ChildProcess.spawn(shell("kill -\(number) $$")).wait() == .signal(number))
  }

  @Test func theEndCanBePolledAndIsRemembered() throws {
    let child = try ChildProcess.spawn(shell("exec sleep 30"))
    #expect(try child.reap() == nil)
    var item = pollfd(fd: child.descriptor, events: Int16(POLLIN), revents: 0)
    #expect(poll(&item, 1, 50) == 0)
    child.terminate(SIGKILL)
    #expect(poll(&item, 1, -1) == 1)
    #expect(try child.reap() == .signal(SIGKILL))
    #expect(try child.reap() == .signal(SIGKILL))
    #expect(child.exit == .signal(SIGKILL))
    #expect(poll(&item, 1, 0) == 1)
    child.terminate(SIGKILL)
  }

  @Test func descriptorsLandWhereTheyAreMapped() throws {
    let (first, second, output) = (
      try OwnedDescriptor.pipe(), try OwnedDescriptor.pipe(), try OwnedDescriptor.pipe()
    )
    _ = write(first.write.raw, "one\n", 4)
    _ = write(second.write.raw, "two\n", 4)
    // Each is mapped onto another's number as well, so that a careless order would mix them up.
    let (a, b) = (first.read.raw, second.read.raw)
    let extra = max(a, b) + 5
    let child = try ChildProcess.spawn(
      shell(
        "read x </proc/self/fd/\(a); read y </proc/self/fd/\(b); read z </proc/self/fd/\(extra); echo $x $y $z",
        descriptors: [a: b, b: a, extra: a, 1: output.write.raw, 2: output.write.raw]))
    _ = write(first.write.raw, "three\n", 6)
    output.write.close()
    #expect(readAll(output.read) == "two one three\n")
    #expect(try child.wait() == .code(0))
  }

  @Test func nothingElseIsInherited() throws {
    let output = try OwnedDescriptor.pipe()
    // Inheritable on purpose, as a careless library would leave it.
    let careless = open("/dev/null", O_RDONLY)
    let careless2 = fcntl(careless, F_DUPFD, 200)
    defer {
      close(careless)
      close(careless2)
    }
    let child = try ChildProcess.spawn(
      ChildProcess.Launch(
        executable: "/bin/ls", arguments: ["/proc/self/fd"], descriptors: [1: output.write.raw, 5: output.write.raw]))
    output.write.close()
    // 3 is the folder that ls itself has open.
    #expect(readAll(output.read).split(separator: "\n") == ["0", "1", "2", "3", "5"])
    #expect(try child.wait() == .code(0))
  }

  @Test func environmentFolderAndGroupAreSet() throws {
    let output = try OwnedDescriptor.pipe()
    let child = try ChildProcess.spawn(
      ChildProcess.Launch(
        executable: "/bin/sh", arguments: ["-c", "echo $GREETING $HOME-; pwd; cut -d' ' -f5 /proc/$$/stat"],
        environment: ["GREETING": "hi", "PATH": "/usr/bin:/bin"], workingFolder: "/usr",
        descriptors: [1: output.write.raw]))
    output.write.close()
    #expect(readAll(output.read) == "hi -\n/usr\n\(child.pid)\n")
    _ = try child.wait()
  }

  @Test func ignoredSignalsAreNotInherited() throws {
    BrokenPipes.ignore()
    #expect(try ChildProcess.spawn(shell("kill -PIPE $$; exit 0")).wait() == .signal(SIGPIPE))
    let pipe = try OwnedDescriptor.pipe()
    try pipe.write.stopBlocking()
    pipe.read.close()
    #expect(try pipe.write.writeAvailable(Data("x".utf8)) == .closed)
  }

  @Test func aGroupDiesWithItsLeader() throws {
    let output = try OwnedDescriptor.pipe()
    let child = try ChildProcess.spawn(shell("sleep 30 & echo started; exit 3", descriptors: [1: output.write.raw]))
    output.write.close()
    #expect(try child.wait() == .code(3))
    // The end of the file comes only when the grandchild, which holds the pipe too, is gone.
    #expect(readAll(output.read) == "started\n")
  }

  @Test func aForgottenChildIsKilled() throws {
    let output = try OwnedDescriptor.pipe()
    _ = try ChildProcess.spawn(shell("exec sleep 30", descriptors: [1: output.write.raw]))
    output.write.close()
    #expect(readAll(output.read) == "")
  }

  @Test func aCutLifelineIsTheEndOfTheFile() throws {
    let lifeline = try Lifeline()
    let output = try OwnedDescriptor.pipe()
    let child = try ChildProcess.spawn(
      shell("echo up; read line; echo down", descriptors: [0: lifeline.childEnd.raw, 1: output.write.raw]))
    output.write.close()
    lifeline.childEnd.close()
    var byte = [UInt8](repeating: 0, count: 3)
    #expect(read(output.read.raw, &byte, 3) == 3)
    #expect(try child.reap() == nil)
    lifeline.cut()
    #expect(readAll(output.read) == "down\n")
    #expect(try child.wait() == .code(0))
  }

  @Test func faultsNameThePathAndTheRemedy() throws {
    #expect { try ChildProcess.spawn(ChildProcess.Launch(executable: "/no/such/engine")) } throws: { error in
      (error as? LaunchError)?.code == .executableMissing && "\(error)".contains("/no/such/engine")
    }
    #expect { try ChildProcess.spawn(ChildProcess.Launch(executable: "/etc/passwd")) } throws: { error in
      (error as? LaunchError)?.code == .notPermitted
    }
  }
}
