// swift-tools-version: 6.2
import Foundation
import PackageDescription

// The floors of the package, bottom up; Tests/ArchitectureTests holds the imports to them.
//
// COPPICE_CONTROL_ONLY=1   leaves out everything that needs libtorch (login nodes, quick checks).
// COPPICE_SLICE=A,B        keeps only these targets and what they need, so that a change to one
//                          capability builds and tests in seconds: COPPICE_SLICE=SearchTests swift test

let environment = ProcessInfo.processInfo.environment
let controlOnly = environment["COPPICE_CONTROL_ONLY"] == "1"
let slice = environment["COPPICE_SLICE"]?.split(separator: ",").map(String.init)

/// libzmq for the linker, where scripts/setup has put it because Debian's libzmq3-dev is not installed.
let libzmqFolder = Context.packageDirectory + "/.deps/libzmq/lib"
let libzmq: [LinkerSetting] =
  (FileManager.default.fileExists(atPath: libzmqFolder) ? [.unsafeFlags(["-L" + libzmqFolder])] : [])
  + [.linkedLibrary("zmq")]

let libtorch = Context.packageDirectory + "/.deps/libtorch"

let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .treatAllWarnings(as: .error),
]

enum Tower { case control, common, compute }

struct Entry {
  let tower: Tower
  let target: Target
}

func library(
  _ name: String, _ tower: Tower, _ dependencies: [Target.Dependency] = [],
  settings: [SwiftSetting] = swiftSettings
) -> Entry {
  // Message definitions lie beside the code that scripts/generate makes from them, and documents beside what they are about; the
  // compiler has no use for them.
  let others = ["Protos", "SupportedOperators.md", "README.md"].filter {
    FileManager.default.fileExists(atPath: Context.packageDirectory + "/Sources/\(name)/\($0)")
  }
  return Entry(
    tower: tower,
    target: .target(
      name: name, dependencies: dependencies, exclude: others, swiftSettings: settings))
}

func executable(_ name: String, _ tower: Tower, _ dependencies: [Target.Dependency]) -> Entry {
  Entry(
    tower: tower,
    target: .executableTarget(
      name: name, dependencies: dependencies, swiftSettings: swiftSettings,
      linkerSettings: tower == .compute ? torchRunPath : []))
}

func tests(_ name: String, _ tower: Tower, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Entry {
  // Golden files are read where they lie; the compiler has no use for them.
  let goldens = Context.packageDirectory + "/Tests/\(name)/Goldens"
  return Entry(
    tower: tower,
    target: .testTarget(
      name: name, dependencies: dependencies,
      exclude: FileManager.default.fileExists(atPath: goldens) ? ["Goldens"] : [], resources: resources,
      swiftSettings: swiftSettings,
      linkerSettings: tower == .compute ? torchRunPath : []))
}

let torchRunPath: [LinkerSetting] = [
  .unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "$ORIGIN/lib", "-Xlinker", "-rpath", "-Xlinker", libtorch + "/lib"])
]

/// A CUDA build of libtorch registers itself when it is loaded, so it is linked although nothing names it.
let torchCUDA: [LinkerSetting] =
  FileManager.default.fileExists(atPath: libtorch + "/lib/libtorch_cuda.so")
  ? [.unsafeFlags(["-Xlinker", "--no-as-needed"]), .linkedLibrary("torch_cuda"), .linkedLibrary("c10_cuda")] : []

let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let entries: [Entry] = [
  // Below the floors: what Support itself stands on.
  Entry(tower: .common, target: .target(name: "CCrypto", linkerSettings: [.linkedLibrary("crypto")])),

  // Floor 0: what Swift cannot see, and the vocabulary that everybody shares.
  Entry(tower: .common, target: .target(name: "CLinux")),
  Entry(
    tower: .common, target: .target(name: "CZlib", linkerSettings: [.linkedLibrary("z"), .linkedLibrary("lzma")])),
  Entry(tower: .control, target: .target(name: "CZMQ", linkerSettings: libzmq)),
  Entry(
    tower: .compute,
    target: .target(
      name: "CTorchShim",
      cxxSettings: [
        .unsafeFlags([
          "-std=c++20", "-isystem", libtorch + "/include",
          "-isystem", libtorch + "/include/torch/csrc/api/include",
        ])
      ],
      linkerSettings: [
        .unsafeFlags(["-L" + libtorch + "/lib"]),
        .linkedLibrary("torch_cpu"), .linkedLibrary("c10"), .linkedLibrary("stdc++"),
      ] + torchCUDA)),
  library("Support", .common, ["CCrypto"]),

  // Floor 1
  library("Transport", .control, ["CZMQ", "CLinux", "Support"]),
  library("Launching", .control, ["CLinux", "Support"]),
  library("Logs", .common, ["Support", logging]),
  library("ArtifactStore", .common, ["Support"]),
  library("ModelGraph", .common, ["Support"]),
  library("Tensors", .compute, ["CTorchShim", "Support"]),

  // Floor 2
  library("StudyModel", .common, ["Support"]),
  library("ModelFormats", .common, ["ModelGraph", "Support", "CZlib", protobuf]),
  library("ChannelGroups", .common, ["ModelGraph", "Support"]),
  library("Datasets", .common, ["CZlib", "Support"]),
  library("GraphRuntime", .compute, ["ModelGraph", "Tensors", "Support"]),

  // Floor 3
  library("Search", .control, ["StudyModel", "Support"]),
  library("SpecYAML", .control, ["StudyModel", yams]),
  library("StudyStore", .control, ["StudyModel", "Support", grdb]),
  library("WireProtocol", .common, ["StudyModel", "Support", protobuf]),
  library("Selection", .common, ["ChannelGroups", "ModelGraph", "StudyModel", "Support"]),
  library("NetworkLoading", .common, ["ModelFormats", "ModelGraph", "StudyModel", "Support"]),
  library(
    "Training", .compute,
    ["GraphRuntime", "ChannelGroups", "Datasets", "ModelGraph", "StudyModel", "Tensors", "Support"]),
  library(
    "Profiling", .compute,
    ["GraphRuntime", "Datasets", "ModelFormats", "ModelGraph", "StudyModel", "Tensors", "Support"]),

  // Floor 4
  library(
    "WorkerNode", .control, ["WireProtocol", "Transport", "Launching", "Logs", "StudyModel", "Support", logging]),
  library(
    "Pruning", .compute,
    [
      "Selection", "ChannelGroups", "GraphRuntime", "Training", "Datasets", "ModelGraph", "StudyModel", "Tensors",
      "Support",
    ]),

  // Floor 5
  library(
    "Coordination", .control,
    [
      "Search", "StudyStore", "WireProtocol", "Transport", "Launching", "ArtifactStore", "ModelFormats", "ModelGraph",
      "StudyModel", "Support", logging,
    ]),
  library("Reporting", .control, ["Search", "ChannelGroups", "ModelGraph", "StudyModel", "Support"]),
  library(
    "Evaluation", .compute,
    [
      "Pruning", "Training", "Profiling", "Selection", "NetworkLoading", "ChannelGroups", "ModelFormats", "ModelGraph",
      "Datasets", "GraphRuntime", "Tensors", "StudyModel", "ArtifactStore", "Support",
    ]),

  // Floor 6
  library(
    "TrialHost", .compute, ["Evaluation", "WireProtocol", "StudyModel", "ArtifactStore", "CLinux", "Support", logging]),

  // Floor 7
  executable(
    "coppice", .control,
    [
      "Coordination", "WorkerNode", "Reporting", "Search", "StudyStore", "Selection", "NetworkLoading",
      "ChannelGroups", "ModelFormats", "ModelGraph", "Datasets", "Launching", "Transport", "WireProtocol",
      "ArtifactStore", "StudyModel", "Support", "Logs",
      "SpecYAML", argumentParser, logging,
    ]),
  executable(
    "coppice-engine", .compute,
    [
      "TrialHost", "Evaluation", "Pruning", "Training", "Profiling", "Selection", "NetworkLoading", "ChannelGroups",
      "ModelFormats", "ModelGraph", "Datasets", "GraphRuntime", "Tensors", "StudyModel", "ArtifactStore",
      "WireProtocol", "Support", "Logs",
      "CLinux", argumentParser, logging,
    ]),

  // Tests
  Entry(
    tower: .common,
    target: .target(
      name: "TestSupport", dependencies: ["ModelGraph", "Support"], path: "Tests/TestSupport",
      swiftSettings: swiftSettings)),
  tests("ArchitectureTests", .common, ["Support"]),
  tests("SupportTests", .common, ["Support", "ArtifactStore", "TestSupport"]),
  tests("LogsTests", .common, ["Logs", "TestSupport", "Support", logging]),
  tests("ModelGraphTests", .common, ["ModelGraph", "TestSupport", "Support"]),
  tests("ModelFormatsTests", .common, ["ModelFormats", "ModelGraph", "TestSupport", "Support"]),
  tests(
    "ChannelGroupsTests", .common, ["ChannelGroups", "Selection", "ModelGraph", "StudyModel", "TestSupport", "Support"]),
  tests("DatasetsTests", .common, ["Datasets", "CZlib", "TestSupport", "Support"]),
  tests("StudyModelTests", .control, ["StudyModel", "SpecYAML", "TestSupport", "Support"]),
  tests("SearchTests", .control, ["Search", "StudyModel", "TestSupport", "Support"]),
  tests("StudyStoreTests", .control, ["StudyStore", "StudyModel", "TestSupport", "Support"]),
  tests(
    "WireTests", .control,
    ["WorkerNode", "WireProtocol", "Transport", "Launching", "Logs", "StudyModel", "TestSupport", "Support", logging]),
  tests(
    "CoordinationTests", .control,
    [
      "Coordination", "Search", "StudyStore", "WireProtocol", "WorkerNode", "Transport", "Launching", "ArtifactStore",
      "StudyModel", "TestSupport", "Support", "Logs", logging,
    ]),
  tests("ReportingTests", .control, ["Reporting", "Search", "ChannelGroups", "ModelGraph", "StudyModel", "Support"]),
  tests(
    "TensorsTests", .compute, ["Tensors", "GraphRuntime", "ModelGraph", "TestSupport", "Support"]),
  tests(
    "PruningTests", .compute,
    [
      "Pruning", "Selection", "ChannelGroups", "GraphRuntime", "Training", "Profiling", "Datasets", "ModelFormats",
      "ModelGraph", "StudyModel", "Tensors", "TestSupport", "Support",
    ]),
  tests(
    "EvaluationTests", .compute,
    [
      "Evaluation", "TrialHost", "Pruning", "Selection", "ChannelGroups", "GraphRuntime", "Training", "Profiling",
      "Datasets", "NetworkLoading", "ModelFormats", "ModelGraph", "StudyModel", "ArtifactStore", "Tensors",
      "WireProtocol", "TestSupport", "Support", logging,
    ]),
  tests(
    "ProcessTests", .compute,
    [
      "coppice", "coppice-engine", "StudyStore", "Search", "StudyModel", "ModelFormats", "ModelGraph", "TestSupport",
      "Support", "Transport", "WireProtocol", "Launching",
    ]),
]

func targetNames(of dependencies: [Target.Dependency]) -> [String] {
  dependencies.compactMap { dependency in
    switch dependency {
    case .byNameItem(let name, _), .targetItem(let name, _): name
    default: nil
    }
  }
}

/// The named targets and everything that they need.
func closure(of roots: [String], in entries: [String: Entry]) -> Set<String> {
  var found = Set<String>()
  var open = roots
  while let name = open.popLast() {
    guard let entry = entries[name], found.insert(name).inserted else { continue }
    open += targetNames(of: entry.target.dependencies)
  }
  return found
}

let byName = Dictionary(uniqueKeysWithValues: entries.map { ($0.target.name, $0) })
let wanted = closure(of: slice ?? Array(byName.keys), in: byName)

let targets =
  entries
  .filter { wanted.contains($0.target.name) && !(controlOnly && $0.tower == .compute) }
  .map(\.target)

let package = Package(
  name: "coppice",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.30.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
  ],
  targets: targets,
  cxxLanguageStandard: .cxx20
)
