import ArgumentParser
import Evaluation
import Foundation
import ModelFormats
import Support

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a network once on given arrays.",
    discussion: """
      The NPZ file (numpy.savez) holds one array for each input of the network, under the input's name and of the type that the \
      network declares; the outputs are written in the same way. Inside, float16, bfloat16 and float64 become float32. NumPy has no \
      bfloat16: give an array of ml_dtypes.bfloat16, or its bits as uint16; read what is written by \
      numpy.load(FILE)[NAME].view(ml_dtypes.bfloat16).

      Example: coppice run base.onnx --inputs in.npz --outputs out.npz
      """)

  @OptionGroup var network: NetworkOptions

  @Option(help: ArgumentHelp("The file with the inputs.", valueName: "npz"))
  var inputs: String

  @Option(help: ArgumentHelp("The file for the outputs.", valueName: "npz"))
  var outputs: String

  @OptionGroup var threads: ThreadOptions

  func run() throws {
    var outputFiles = network.outputs(besides: [inputs])
    let file = try outputFiles.file(outputs)
    try threads.apply()
    let graph = try network.load()
    if let error = InputFileError(inputs, kind: "file of arrays") { throw error }
    let arrays = try NPZFile.read(URL(fileURLWithPath: inputs))
    let results = try NetworkExecution.run(graph, inputs: arrays)
    try file.write(NPZFile.encode(results))
    for name in results.keys.sorted() { print("\(name) \(results[name]?.shape ?? [])") }
  }
}
