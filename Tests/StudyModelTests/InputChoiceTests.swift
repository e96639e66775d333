import Foundation
import SpecYAML
import StudyModel
import Support
import Testing

@Suite struct InputChoiceTests {
  private static let folder = DataSource(format: "idx", path: "d")
  private static let stored = InputNormalization(mean: [0.25], std: [0.2])

  private func choice(
    _ given: GivenInput = GivenInput(), by giver: InputChoice.Giver = .options, stored: InputNormalization? = nil,
    data: DataSource = folder, forced: Bool = false
  ) throws -> InputChoice {
    try InputChoice(given, by: giver, stored: stored, file: "small.onnx", data: data, forced: forced)
  }

  @Test func theLineSaysTheScalingAndWhereItComesFrom() throws {
    #expect(try choice().text == "input: pixels/255, mean 0, std 1 (default)")
    #expect(
      try choice(data: DataSource(format: "cifar10", path: "d")).text
        == "input: pixels/255, mean 0.4914,0.4822,0.4465, std 0.247,0.2435,0.2616 (default for cifar10)")
    #expect(try choice(GivenInput(mean: [0.5])).text == "input: pixels/255, mean 0.5, std 1 (options)")
    #expect(try choice(GivenInput(scale: 1), by: .spec).text == "input: pixels/1, mean 0, std 1 (spec)")
    #expect(try choice(stored: Self.stored).text == "input: pixels/255, mean 0.25, std 0.2 (from 'small.onnx')")
    #expect(
      try choice(stored: Self.stored, data: DataSource(format: "fashion-mnist")).input == Self.stored,
      "the file goes before what is usual for the data")
  }

  @Test(arguments: [
    GivenInput(mean: [0]), GivenInput(std: [1]), GivenInput(scale: 1), GivenInput(mean: [0.25, 0.25, 0.3]),
    GivenInput(scale: 255, mean: [0], std: [1]),
  ])
  func aScalingAgainstTheFileIsAnErrorUnlessForced(given: GivenInput) throws {
    let error = #expect(throws: InputConflict.self) { try choice(given, stored: Self.stored) }
    #expect(error?.exitCode == .configuration)
    #expect(error?.message.contains("small.onnx") == true && error?.message.contains("mean 0.25, std 0.2") == true)
    #expect(error?.remedy?.contains("--force-input") == true && error?.remedy?.contains("--input-mean") == true)
    let spec = #expect(throws: InputConflict.self) { try choice(given, by: .spec, stored: Self.stored) }
    #expect(spec?.remedy?.contains("'input' in the spec") == true && spec?.remedy?.contains("--force-input") == true)
    let forced = try choice(given, stored: Self.stored, forced: true)
    #expect(forced.input == given.laid(over: Self.stored) && forced.overruled == Self.stored)
    #expect(forced.text.contains("'small.onnx' says pixels/255, mean 0.25, std 0.2"))
  }

  @Test(arguments: [
    GivenInput(mean: [0.25]), GivenInput(mean: [0.25, 0.25, 0.25]), GivenInput(scale: 1, mean: [63.75], std: [51]),
    GivenInput(scale: 255, mean: [0.25], std: [0.2, 0.2]),
  ])
  func theSameScalingInOtherNumbersIsNoConflict(given: GivenInput) throws {
    let chosen = try choice(given, stored: Self.stored)
    // To the last bit: what is made with these data must come out again.
    #expect(chosen.input == Self.stored && chosen.overruled == nil)
  }

  @Test func notesTravelAsMetadata() throws {
    let notes = TrainingMetadata(
      input: Self.stored, layout: TrainingMetadata.givenLayout, split: SplitSpec(train: 30, seed: 4))
    let entries = try notes.entries
    #expect(Set(entries.keys) == ["coppice.input", "coppice.layout", "coppice.split"])
    #expect(try TrainingMetadata(metadata: entries, of: "n") == notes)
    #expect(try TrainingMetadata(metadata: ["author": "x"], of: "n") == TrainingMetadata())
    #expect(try TrainingMetadata().entries.isEmpty)
  }

  /// Taken for absent, they would give the figures of another scaling.
  @Test(arguments: [
    ("coppice.input", "{"), ("coppice.input", #"{"mean":[0],"scale":0,"std":[1]}"#),
    ("coppice.input", #"{"mean":[],"scale":255,"std":[1]}"#),
    ("coppice.input", #"{"mean":[0],"scale":255,"std":[-1]}"#),
    ("coppice.input", #"{"mean":["nan"],"scale":255,"std":[1]}"#), ("coppice.input", #"{"mean":[0]}"#),
    ("coppice.split", "[]"), ("coppice.layout", "NHWC"),
  ])
  func entriesThatCannotBeUsedAreErrors(key: String, text: String) {
    let error = #expect(throws: TrainingMetadataError.self) {
      try TrainingMetadata(metadata: [key: text], of: "small.onnx")
    }
    #expect(error?.message.contains("small.onnx") == true && error?.remedy != nil)
  }

  @Test func aSpecTakesFromTheFileWhatItLeavesOut() throws {
    let base = "network: n.onnx\ndata: fashion-mnist\nobjectives: [accuracy]\n"
    let stored = TrainingMetadata(
      input: Self.stored, split: SplitSpec(train: 30, validation: 10, seed: 4, seenTraining: false))
    func read(_ more: String = "") throws -> StudySpec {
      try SpecReader.read(SpecNode(yaml: base + more), folder: "", stored: stored)
    }
    #expect(try read().input == Self.stored)
    #expect(try read().split == stored.split)
    #expect(try read("split: {seed: 5}").split == SplitSpec(train: 30, validation: 10, seed: 5, seenTraining: false))
    // The count that is stored is of the other file.
    #expect(try read("split: {seen-training: true}").split == SplitSpec(train: 30, seed: 4, seenTraining: true))
    #expect(
      try read("split: {seen-training: true, validation: 7}").split
        == SplitSpec(train: 30, validation: 7, seed: 4, seenTraining: true))
    #expect(try read("input: {mean: [0.5]}").input == InputNormalization(mean: [0.5], std: [0.2]))
    #expect(try SpecReader.givenInput(SpecNode(yaml: base)).isEmpty)
    #expect(try SpecReader.givenInput(SpecNode(yaml: base + "input: {std: [2]}")) == GivenInput(std: [2]))
    // The full spec of such a study gives the file's own scaling.
    let full = try SpecReader.givenInput(SpecNode(yaml: SpecPrinter.yaml(read())))
    #expect(try choice(full, by: .spec, stored: Self.stored).input == Self.stored)
  }

  @Test(arguments: [
    // Seen: 76.6% dense and 98.3% pruned passed without a word.
    (766, 983, true), (900, 930, true), (900, 905, false), (900, 880, false), (900, 900, false), (902, 905, false),
  ])
  func prunedNetworksThatBeatTheDenseOneByPointsAreDoubted(dense: Int, pruned: Int, isDoubted: Bool) {
    let doubt = ScalingDoubt(
      dense: Proportion(successes: dense, total: 1000), pruned: Proportion(successes: pruned, total: 1000))
    #expect((doubt != nil) == isDoubted)
    let text = doubt?.text(Self.stored, remedy: "check it") ?? ""
    #expect(!isDoubted || text.contains("mean 0.25, std 0.2") && text.contains("check it"))
  }

  @Test func fewSamplesAreNoReasonForDoubt() {
    let dense = Proportion(successes: 18, total: 20)
    #expect(ScalingDoubt(dense: dense, pruned: Proportion(successes: 20, total: 20)) == nil)
    #expect(ScalingDoubt(dense: Proportion(successes: 0, total: 0), pruned: dense) == nil)
  }
}
