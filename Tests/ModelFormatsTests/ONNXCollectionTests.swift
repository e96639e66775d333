import Foundation
import ModelFormats
import ModelGraph
import Testing

/// Networks of other people: what real exporters wrote, and the ONNX project's own test cases. Skipped where they are not
/// at hand.
@Suite struct ONNXCollectionTests {
  @Test func networksOfRealExporters() throws {
    let networks = try SharedNetwork.all()
    if networks.isEmpty { print("ONNXCollectionTests: skipped, no models/onnx below COPPICE_DATA or ../shared.") }
    for network in networks {
      do {
        let graph = try network.read()
        #expect(!graph.nodes.isEmpty, "\(network.name)")
        let again = try ONNXFile.decode(try ONNXFile.encode(graph))
        var expected = graph
        expected.opset = try ONNXFile.exportedOpset(of: graph)
        #expect(again == expected, "\(network.name)")
      } catch {
        Issue.record("\(network.name): \(error)")
      }
    }
  }

  /// COPPICE_NODE_TESTS names a folder with a folder for each case. Every case is read whose operators and types we have.
  @Test func casesOfTheONNXProject() throws {
    guard let path = ProcessInfo.processInfo.environment["COPPICE_NODE_TESTS"] else {
      print("ONNXCollectionTests: skipped, COPPICE_NODE_TESTS names no folder of test cases.")
      return
    }
    let known = Set(Operator.catalogue.map(\.onnxName)).union(["Constant", "Upsample", "Scatter"])
    var (read, foreign) = (0, 0)
    var reasons: [String: [String]] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: path).sorted() {
      let url = URL(fileURLWithPath: path).appendingPathComponent(name).appendingPathComponent("model.onnx")
      guard FileManager.default.fileExists(atPath: url.path) else { continue }
      do {
        let graph = try ONNXFile.read(url, precision: .asWritten)
        read += 1
        var expected = graph
        expected.opset = try ONNXFile.exportedOpset(of: graph)
        #expect(try ONNXFile.decode(try ONNXFile.encode(graph), precision: .asWritten) == expected, "\(name)")
      } catch let error as ModelFormatError {
        foreign += 1
        reasons["\(error.code)", default: []].append("\(name): \(error.message)")
        // A type or an operator that we do not have; else the case should have been read.
        let hasForeignOperator = try !ONNXFile.operatorNames(url).allSatisfy { known.contains($0) }
        // An If whose condition is an input of the case.
        let isOpen = error.code == .unsupportedForm && error.message.contains("takes one of two branches")
        let isForeign = error.code == .unsupportedType || (error.code == .unsupportedOperator && hasForeignOperator)
        #expect(isForeign || isOpen, "\(name): \(error)")
      }
    }
    print("ONNXCollectionTests: \(read) cases read, \(foreign) refused.")
    for (code, names) in reasons.sorted(by: { $0.key < $1.key }) { print("  \(code): \(names.count)") }
    #expect(read > 1500)
  }
}
