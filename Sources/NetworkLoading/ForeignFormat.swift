import Foundation
import Support

/// A file that holds a network, or only weights, in a format that is not read: what it is, and the command that makes ONNX of it.
struct ForeignFormat {
  /// What such files are called, such as "a PyTorch file".
  let name: String
  /// How to get an ONNX file.
  let remedy: String

  private enum Kind { case pyTorch, lightning, keras, tensorFlowLite, tensorFlow, paddle, safetensors, other(String) }

  /// Told by the ending of the file's name, else by its first bytes; nil for anything else, ONNX among it.
  init?(_ path: String) {
    if FileManager.default.fileExists(atPath: path + "/saved_model.pb") {
      name = "a SavedModel folder of TensorFlow"
      remedy = "Convert it to ONNX: python3 -m tf2onnx.convert --saved-model '\(path)' --output net.onnx"
      return
    }
    let ending = URL(fileURLWithPath: path).pathExtension.lowercased()
    let bytes = Self.firstBytes(of: path)
    // Files of ONNX begin with the number of its version, field 1; some are named .pb or .bin.
    if bytes.first == 0x08, ending != "safetensors" { return nil }
    guard let kind = Self.kinds[ending] ?? Self.kind(of: bytes) else { return nil }
    let output = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent + ".onnx"
    switch kind {
    case .pyTorch:
      name = "a PyTorch file"
      remedy = Self.pyTorch("torch.load('\(path)', map_location='cpu', weights_only=False)", output)
    case .lightning:
      name = "a checkpoint of PyTorch or Lightning"
      remedy = Self.pyTorch("YourModel.load_from_checkpoint('\(path)', map_location='cpu')", output)
    case .keras:
      name = "a Keras file"
      remedy =
        "Export it as ONNX: python3 -c \"import keras; keras.saving.load_model('\(path)').export('\(output)', format='onnx')\""
    case .tensorFlowLite:
      name = "a TensorFlow Lite file"
      remedy = "Convert it to ONNX: python3 -m tf2onnx.convert --tflite '\(path)' --output '\(output)'"
    case .tensorFlow:
      name = "a TensorFlow file"
      remedy =
        "Convert its SavedModel folder to ONNX: python3 -m tf2onnx.convert --saved-model FOLDER --output '\(output)'"
    case .paddle:
      name = "a Paddle file"
      remedy = "Convert it to ONNX: paddle2onnx --model_dir FOLDER --save_file '\(output)'"
    case .safetensors:
      name = "a safetensors file, which holds weights without a network"
      remedy =
        "Lay the weights over their network: builtin:NAME --weights '\(path)' (in a spec: network: {builtin: NAME, weights: "
        + "FILE}), or export the network as ONNX from the program that it comes from."
    case .other(let name):
      self.name = name
      remedy = "Export the network as ONNX with the program that it comes from."
    }
  }

  private static let kinds: [String: Kind] = [
    "pt": .pyTorch, "pth": .pyTorch, "bin": .pyTorch, "pt2": .pyTorch, "jit": .pyTorch, "torchscript": .pyTorch,
    "ckpt": .lightning, "keras": .keras, "h5": .keras, "hdf5": .keras, "tflite": .tensorFlowLite, "pb": .tensorFlow,
    "pdmodel": .paddle, "pdparams": .paddle, "safetensors": .safetensors, "pkl": .other("a Python pickle"),
    "joblib": .other("a Python pickle"), "gguf": .other("a GGUF file"), "mlmodel": .other("a Core ML file"),
    "caffemodel": .other("a Caffe file"), "engine": .other("a TensorRT engine"),
    "npz": .other("a file of NumPy arrays"),
    "npy": .other("a NumPy array"),
  ]

  /// None of what cannot be read, and of pipes, which would be waited for.
  private static func firstBytes(of path: String) -> Data {
    guard let file = try? ReadOnlyFile(path) else { return Data() }
    return (try? file.read(offset: 0, count: min(16, file.size))) ?? Data()
  }

  /// What the format begins with.
  private static func kind(of bytes: Data) -> Kind? {
    if bytes.dropFirst().starts(with: "HDF".utf8) { return .keras }
    // A zip archive, and a pickle of protocol 2 with torch's own number behind it.
    if bytes.starts(with: "PK\u{3}\u{4}".utf8) || bytes.starts(with: [0x80, 0x02, 0x8a, 0x0a]) { return .pyTorch }
    if bytes.dropFirst(4).starts(with: "TFL3".utf8) { return .tensorFlowLite }
    return bytes.dropFirst(8).starts(with: "{\"".utf8) ? .safetensors : nil
  }

  /// How weights that PyTorch wrote become safetensors, by the ending of the file's name; nil for others.
  static func weightsRemedy(_ path: String) -> String? {
    switch kinds[URL(fileURLWithPath: path).pathExtension.lowercased()] {
    case .pyTorch, .lightning:
      let output = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent + ".safetensors"
      return "Write its weights as safetensors: python3 -c \"import torch, safetensors.torch as s; "
        + "s.save_file(torch.load('\(path)', map_location='cpu', weights_only=True), '\(output)')\""
    default: return nil
    }
  }

  private static func pyTorch(_ load: String, _ output: String) -> String {
    "Export it as ONNX where its Python code is, with the shape of your input: python3 -c \"import torch; m = \(load).eval(); "
      + "torch.onnx.export(m, torch.randn(1, 3, 224, 224), '\(output)', optimize=False)\". Where the file holds only weights "
      + "(a state dict), m is your model after m.load_state_dict(...). Loading runs code of the file: load what you trust."
  }
}
