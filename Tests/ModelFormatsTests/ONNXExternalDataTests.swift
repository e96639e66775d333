import Foundation
import ModelFormats
import ModelGraph
import Support
import Testing

/// Weights in another file: only a plain file beside the network is ever opened.
@Suite struct ONNXExternalDataTests {
  @Test func readsTheFileBesideTheNetwork() throws {
    #expect(try Golden.network("external_13").weights == (try Golden.network("matmul_13").weights))
  }

  /// With the limit of one file lowered, the large weights go beside it and come back from there.
  @Test func writesWhatIsTooLargeBesideTheNetwork() throws {
    let graph = try BuiltinNetworks.graph(named: "lenet5", seed: 3)
    try Golden.withFolder { folder in
      let url = folder.appendingPathComponent("network.onnx")
      try ONNXFile.write(graph, to: OutputFile(url.path), largestInside: 10_000)
      let data = folder.appendingPathComponent("network.onnx.data")
      #expect(try Data(contentsOf: url).count < 10_000)
      #expect(try Data(contentsOf: data).count > graph.parameterCount * 3)
      #expect(
        try ONNXFile.read(url, precision: .asWritten) == ONNXFile.decode(ONNXFile.encode(graph), precision: .asWritten))
      // The network alone is refused, and so is one whose weights are another's.
      try Data(contentsOf: data).dropLast().write(to: data)
      #expect(throws: ModelFormatError.self) { try ONNXFile.read(url) }
      try FileManager.default.removeItem(at: data)
      #expect(throws: ModelFormatError.self) { try ONNXFile.read(url) }
    }
  }

  @Test func theFilesOfItsWeightsAreKnown() throws {
    let graph = try BuiltinNetworks.graph(named: "lenet5", seed: 3)
    try Golden.withFolder { folder in
      let (inside, outside) = (folder.appendingPathComponent("a.onnx"), folder.appendingPathComponent("b.onnx"))
      try ONNXFile.write(graph, to: OutputFile(inside.path))
      try ONNXFile.write(graph, to: OutputFile(outside.path), largestInside: 10_000)
      #expect(ONNXFile.dataFiles(of: inside).isEmpty)
      #expect(ONNXFile.dataFiles(of: outside).map(\.path) == [outside.path + ".data"])
      #expect(ONNXFile.dataFiles(of: folder.appendingPathComponent("b.onnx.data")).isEmpty)
      #expect(ONNXFile.dataFiles(of: folder.appendingPathComponent("absent")).isEmpty)
    }
  }

  /// A pipe, say, in the place of the second file is found before the first is written.
  @Test func weightsThatCannotBeWrittenBesideLeaveNoNetwork() throws {
    let graph = try BuiltinNetworks.graph(named: "lenet5", seed: 3)
    try Golden.withFolder { folder in
      let file = folder.appendingPathComponent("network.onnx")
      #expect(mkfifo(file.path + ".data", 0o600) == 0)
      #expect(throws: OutputError.self) {
        try ONNXFile.write(graph, to: OutputFile(file.path), largestInside: 10_000)
      }
      #expect(!FileManager.default.fileExists(atPath: file.path))
    }
  }

  @Test func writesWhatFitsIntoOneFile() throws {
    let graph = try BuiltinNetworks.graph(named: "lenet5", seed: 3)
    try Golden.withFolder { folder in
      let url = folder.appendingPathComponent("network.onnx")
      try ONNXFile.write(graph, to: OutputFile(url.path))
      #expect(try Data(contentsOf: url) == ONNXFile.encode(graph))
      #expect(try ONNXFile.byteCount(of: graph) == ONNXFile.encode(graph).count)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["network.onnx"])
    }
  }

  @Test func isRefusedWithoutAFolder() throws {
    let error = try #require(throws: ModelFormatError.self) {
      try ONNXFile.decode(try Golden.bytes("external_13.onnx"))
    }
    #expect(error.code == .externalData)
  }

  /// Names of the same length as the true one, so that the file stays valid.
  @Test(arguments: ["../external.data", "/etc/passwd.....", "./xternal_13.dat", "a/../rnal_13.dat"])
  func refusesPaths(_ location: String) throws {
    try Golden.withFolder { folder in
      let inner = folder.appendingPathComponent("inner")
      try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
      // The file that the path would reach exists: only the rule keeps us from it.
      try Golden.bytes("external_13.data").write(to: folder.appendingPathComponent("external.data"))
      try Golden.bytes("external_13.data").write(to: inner.appendingPathComponent("xternal_13.dat"))
      let network = inner.appendingPathComponent("network.onnx")
      try renamed(to: location).write(to: network)
      let error = try #require(throws: ModelFormatError.self) { try ONNXFile.read(network) }
      #expect(error.code == .externalData)
      #expect(error.message.contains("plain name"), "\(error)")
    }
  }

  @Test func refusesALink() throws {
    try Golden.withFolder { folder in
      try Golden.bytes("external_13.onnx").write(to: folder.appendingPathComponent("network.onnx"))
      try FileManager.default.createSymbolicLink(
        at: folder.appendingPathComponent("external_13.data"),
        withDestinationURL: Golden.folder.appendingPathComponent("external_13.data"))
      let error = try #require(throws: ModelFormatError.self) {
        try ONNXFile.read(folder.appendingPathComponent("network.onnx"))
      }
      #expect(error.code == .externalData)
      #expect(error.message.contains("is a link"), "\(error)")
    }
  }

  @Test func refusesAMissingOrShortFile() throws {
    try Golden.withFolder { folder in
      let network = folder.appendingPathComponent("network.onnx")
      try Golden.bytes("external_13.onnx").write(to: network)
      #expect(throws: ModelFormatError.self) { try ONNXFile.read(network) }
      try Golden.bytes("external_13.data").dropLast().write(to: folder.appendingPathComponent("external_13.data"))
      let error = try #require(throws: ModelFormatError.self) { try ONNXFile.read(network) }
      #expect(error.code == .externalData)
      #expect(error.message.contains("has only"), "\(error)")
    }
  }

  private func renamed(to location: String) throws -> Data {
    var bytes = try Golden.bytes("external_13.onnx")
    while let range = bytes.range(of: Data("external_13.data".utf8)) {
      bytes.replaceSubrange(range, with: Data(location.utf8))
    }
    return bytes
  }
}
