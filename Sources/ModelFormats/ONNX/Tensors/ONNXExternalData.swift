import Foundation
import Support

/// Weights that lie in another file, which must be a plain file in the network's own folder, named without a path.
///
/// A network from a stranger could else make us read any file of this machine into a network that we then publish.
final class ONNXExternalData {
  /// What all external tensors of one network may take together; ranges may overlap, so the file's size is no bound.
  static let maximumBytes = 16 << 30

  private let folder: URL?
  private var files: [String: ReadOnlyFile] = [:]
  private var bytesRead = 0

  init(folder: URL?) {
    self.folder = folder
  }

  /// The `count` bytes that the tensor's entries (location, offset, length) name. Throws
  /// `ModelFormatError(.externalData)`.
  func bytes(of tensor: Onnx_TensorProto, count: Int, owner: String) throws -> Data {
    let entries = Dictionary(tensor.externalData.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
    guard let location = entries["location"] else {
      throw failure("\(owner) lies in another file that it does not name.")
    }
    let offset = try number(entries["offset"], "offset", owner) ?? 0
    if let length = try number(entries["length"], "length", owner), length != count {
      throw failure("\(owner) needs \(count) bytes, but its part of '\(location)' has \(length).")
    }
    let file = try open(location, owner)
    guard case (let end, false) = offset.addingReportingOverflow(count), end <= file.size else {
      throw failure(
        "\(owner) needs \(count) bytes at \(offset) of '\(location)', which has only \(file.size).",
        remedy: "Check that the file is whole and belongs to this network.")
    }
    bytesRead += count
    guard bytesRead <= Self.maximumBytes else {
      throw failure("The external weights take more than \(Units.bytes(Self.maximumBytes)).")
    }
    do {
      return try file.read(offset: offset, count: count)
    } catch let fault as FileFault {
      throw failure("\(owner) cannot be read: \(fault.message)", remedy: fault.remedy)
    }
  }

  private func open(_ location: String, _ owner: String) throws -> ReadOnlyFile {
    if let file = files[location] { return file }
    guard let folder else {
      throw failure(
        "\(owner) lies in another file, '\(location)', but this network was not read from a folder.",
        remedy: "Read it from its file, or export it with its weights inside.")
    }
    guard !location.isEmpty, location != ".", location != "..", !location.contains("/"),
      !location.utf8.contains(0)
    else {
      throw failure(
        "\(owner) lies in '\(location)', which is not the plain name of a file.",
        remedy: "Put the data file beside the network and name it without a path.")
    }
    let path = folder.appendingPathComponent(location).path
    do {
      let file = try ReadOnlyFile(path, followsLinks: false)
      files[location] = file
      return file
    } catch let fault as FileFault where fault.errorNumber == ELOOP {
      throw failure(
        "\(owner) lies in '\(path)', which is a link.", remedy: "Put the file itself beside the network.")
    } catch let fault as FileFault {
      throw failure(
        "\(owner) lies in another file: \(fault.message)",
        remedy: [EACCES, EPERM].contains(fault.errorNumber)
          ? fault.remedy : "Put '\(location)' beside the network, as its exporter wrote it.")
    }
  }

  private func number(_ text: String?, _ key: String, _ owner: String) throws -> Int? {
    guard let text else { return nil }
    guard let value = Int(text), value >= 0 else { throw failure("\(owner) has the external \(key) '\(text)'.") }
    return value
  }

  private func failure(_ message: String, remedy: String? = nil) -> ModelFormatError {
    ModelFormatError(.externalData, message, remedy: remedy)
  }
}
