import Foundation
import ModelGraph

/// Where the large weights of a network lie in a file of their own, each at the start of a page so that it can be mapped.
struct ONNXOutsideWeights {
  /// Smaller tensors stay in the network's own file: runtimes read sizes and axes there before they load weights.
  private static let smallest = Onnx_TensorProto.smallestRaw
  private static let page = 4096

  /// The plain name of the file, in the network's folder.
  let location: String
  /// The file's bytes, weights and the zeros between them.
  private(set) var parts: [Data] = []
  private(set) var byteCount = 0
  private var places: [String: (offset: Int, length: Int)] = [:]

  init(of graph: Graph, location: String) {
    self.location = location
    for (name, data) in ONNXExport.prepared(graph).weights.sorted(by: { $0.key < $1.key })
    where data.bytes.count >= Self.smallest {
      let bytes = Onnx_TensorProto(name, data).rawData
      let gap = (Self.page - byteCount % Self.page) % Self.page
      if gap > 0 { parts.append(Data(count: gap)) }
      places[name] = (byteCount + gap, bytes.count)
      parts.append(bytes)
      byteCount += gap + bytes.count
    }
  }

  /// The tensor without its bytes where they lie outside, else with them.
  func tensor(_ name: String, _ data: TensorData) -> Onnx_TensorProto {
    var proto = Onnx_TensorProto(name, data)
    guard let place = places[name] else { return proto }
    proto.clearRawData()
    proto.dataLocation = .external
    proto.externalData = [("location", location), ("offset", "\(place.offset)"), ("length", "\(place.length)")].map {
      var entry = Onnx_StringStringEntryProto()
      (entry.key, entry.value) = $0
      return entry
    }
    return proto
  }
}
