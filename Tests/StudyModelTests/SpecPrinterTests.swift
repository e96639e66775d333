import SpecYAML
import StudyModel
import Support
import Testing

@Suite struct SpecPrinterTests {
  static let minimal = "network: n.onnx\ndata: fashion-mnist\nobjectives: [accuracy]"

  @Test(arguments: [
    fullSpec, minimal,
    minimal + "\nstudy: \"no: \\\"plain\\\" # text -\\u00e9\"",
    "network: \"n: \\n- \\t#.onnx\"\ndata: {format: idx, path: \"\\\"x\\\"\\n\"}\nobjectives: [accuracy]",
    minimal + "\nstudy: 'null'",
    minimal + "\nbudget: {time: 90s}\nfine-tune: {weight-decay: 1e-7, learning-rate: 12345678.25}",
    minimal + "\nbudget: {time: 1.5h, trials: none}\nseed: 18446744073709551615",
    minimal
      + "\nconstraints: [\"size <= 12.5 KiB\", \"latency <= 1e-5 baseline + 2 ms\", \"macs <= - 1 + 3 baseline\"]",
    everyChoice,
    minimal + "\nspace: {scope: local, granularity: \"2:4\"}",
    minimal + "\nspace: {criterion: wanda, granularity: element, scope: row, mean-replacement: false}",
    minimal + "\nspace: {scope: layers-then-weights, layer-share: 0.25}",
    minimal + "\nspace: {scope: global, sparsity: {threshold: [-0.5, 1e-3]}}",
    minimal + "\nspace: {schedule: {kind: dynamic-rate, rewind: 0}}\nfine-tune: {rungs: [0, 1/3]}",
    "network: {builtin: resnet20}\ndata: {format: idx, path: 'my data/x'}\nobjectives: [accuracy, size, macs]",
  ])
  func printedSpecReadsBackEqual(yaml: String) throws {
    let spec = try readSpec(yaml)
    let printed = SpecPrinter.yaml(spec)
    #expect(try readSpec(printed, folder: "/elsewhere") == spec, "\(printed)")
    #expect(SpecPrinter.yaml(try readSpec(printed)) == printed)
  }

  @Test func printsEveryDefault() throws {
    let printed = SpecPrinter.yaml(try readSpec(Self.minimal))
    for line in [
      "sampler: nsga2", "  time: 8h", "  rungs: [0, 1, 3]", "  samples-per-epoch: all", "  std: [0.353]",
      "    include: [\"*\"]", "    kinds: all", "    depth: [0, 1]", "    first: all", "  remove: [usual]",
      "  aggregation: [usual]", "  normalization: [usual]", "  transform: [none]", "    target: channels",
      "    threshold: none", "  layer-share: usual", "  schedule: [one-shot]", "  order: [all]",
      "  sparse-training: [none]",
      "  redundancy: false", "  mean-replacement: true", "sensitivity: false", "  recalibration-batches: 16",
    ] {
      #expect(printed.contains(line + "\n"), "\(line)")
    }
  }

  @Test func differencesNameKeysAndValues() throws {
    let old = try readSpec(fullSpec)
    #expect(SpecDifference.between(old, old).isEmpty)
    var new = old
    new.seed = 8
    new.space.maximumSparsity = 0.9
    new.network = .builtin(name: "resnet20", weights: nil)
    let differences = SpecDifference.between(old, new).map(\.description)
    #expect(
      differences == [
        "network: /studies/base.onnx -> absent", "space.sparsity.max: 0.95 -> 0.9", "seed: 7 -> 8",
        "network.builtin: absent -> resnet20", "network.weights: absent -> none",
      ])
  }
}
