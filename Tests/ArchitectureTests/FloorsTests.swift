import Foundation
import Support
import Testing

/// Holds the import lines of all sources to the floors of the design.
@Suite struct FloorsTests {
  enum Tower: Hashable, Sendable { case control, common, compute }

  struct Place: Sendable {
    let floor: Int
    let tower: Tower
  }

  static let places: [String: Place] = {
    let rows: [(Int, control: [String], common: [String], compute: [String])] = [
      (7, ["coppice"], [], ["coppice-engine"]),
      (6, ["Dashboard"], [], ["TrialHost"]),
      (5, ["Coordination", "Reporting"], [], ["Evaluation"]),
      (4, ["WorkerNode"], [], ["Pruning"]),
      (
        3, ["Search", "StudyStore", "SpecYAML"], ["WireProtocol", "Selection", "NetworkLoading"],
        ["Training", "Profiling"]
      ),
      (2, [], ["StudyModel", "ModelFormats", "ChannelGroups", "Datasets"], ["GraphRuntime"]),
      (1, ["Transport", "Launching"], ["ArtifactStore", "ModelGraph", "Logs"], ["Tensors"]),
      (0, ["CZMQ"], ["Support", "CLinux", "CZlib"], ["CTorchShim"]),
      (-1, [], ["CCrypto"], []),
    ]
    var places: [String: Place] = [:]
    for (floor, control, common, compute) in rows {
      for (names, tower) in [(control, Tower.control), (common, .common), (compute, .compute)] {
        for name in names { places[name] = Place(floor: floor, tower: tower) }
      }
    }
    return places
  }()

  /// Everything else that may be imported, by whom.
  static let libraries: [String: Set<String>] = [
    "CCrypto": ["Support"],
    "CZMQ": ["Transport"],
    "CTorchShim": ["Tensors"],
    "GRDB": ["StudyStore"],
    "SwiftProtobuf": ["ModelFormats", "WireProtocol"],
    "ArgumentParser": ["coppice", "coppice-engine"],
    "Yams": ["SpecYAML"],
  ]
  /// Free for every target that stands on a floor above the ground.
  static let freeLibraries: Set<String> = ["Logging"]
  static let platform: Set<String> = [
    "Foundation", "FoundationEssentials", "Glibc", "Synchronization", "Dispatch",
  ]

  struct Import: Hashable {
    let target: String
    let file: String
    let module: String
  }

  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// All import lines below Sources, also scoped ones ("import struct Foundation.URL") and those with attributes.
  static let imports: [Import] = {
    let sources = root.appendingPathComponent("Sources")
    let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)?.allObjects ?? []
    return files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.flatMap { file in
      let path = file.path.dropFirst(sources.path.count + 1)
      let target = String(path.prefix { $0 != "/" })
      let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
      return modules(importedBy: text).map { Import(target: target, file: String(path), module: $0) }
    }
  }()

  static func modules(importedBy text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      guard
        let match = line.firstMatch(
          of:
            /^\s*(?:(?:@\w+|package|public|internal|fileprivate|private)\s+)*import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/
        )
      else { return nil }
      return String(match.1)
    }
  }

  @Test func importLinesAreFound() {
    let text = """
      import A
        import B
      @preconcurrency import C
      package import struct D.Thing
      // import E
      let important = "import F"
      """
    #expect(Self.modules(importedBy: text) == ["A", "B", "C", "D"])
    #expect(Self.imports.contains { $0.target == "Support" && $0.module == "CCrypto" })
  }

  @Test func everyTargetHasItsFloor() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.root.appendingPathComponent("Sources").path)
      .filter { !$0.hasPrefix(".") && $0 != "README.md" }
    #expect(names.count > 3)
    for name in names { #expect(Self.places[name] != nil, "Sources/\(name) has no floor") }
  }

  @Test func importsGoDownAndStayInTheirTower() {
    for line in Self.imports {
      guard let here = Self.places[line.target], let there = Self.places[line.module] else { continue }
      #expect(there.floor < here.floor, "\(line.file) imports \(line.module) of floor \(there.floor)")
      #expect(
        there.tower == .common || there.tower == here.tower,
        "\(line.file) imports \(line.module) of another tower")
    }
  }

  @Test func librariesAreImportedByTheirOwnersOnly() {
    for line in Self.imports {
      if let owners = Self.libraries[line.module] {
        #expect(owners.contains(line.target), "\(line.file) imports \(line.module)")
      } else if Self.freeLibraries.contains(line.module) {
        #expect((Self.places[line.target]?.floor ?? 0) > 0, "\(line.file) imports \(line.module)")
      } else {
        #expect(
          Self.places[line.module] != nil || Self.platform.contains(line.module),
          "\(line.file) imports \(line.module), which nobody owns")
      }
    }
  }

  /// The manifest may not promise more than the sources may use.
  @Test func theManifestNamesEveryTargetOnce() throws {
    let manifest = try String(contentsOf: Self.root.appendingPathComponent("Package.swift"), encoding: .utf8)
    for name in Set(Self.imports.map(\.target)) {
      let declarations = manifest.matches(of: /(?:library|executable)\(\s*"([^"]+)"/).filter { $0.1 == name }
      #expect(declarations.count == 1, "\(name) is declared \(declarations.count) times")
    }
  }
}
