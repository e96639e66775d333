import Foundation
import ModelGraph

/// One tensor in the parts of a sparse form.
struct SparseTensor {
  enum Part: String {
    case values, mask, columns, rows

    func name(of tensor: String) -> String { "\(tensor)/\(rawValue)" }
  }

  /// No form stands for more than this many bytes with one of its own, so that a small file cannot ask for much memory. An
  /// empty bitmask of eight-byte elements stands for 64.
  static let largestExpansion = 256
  /// What a further entry in the header takes, about; a sparse form has to save more than that for each of its parts.
  private static let entryBytes = 100

  let form: SparseForm
  let elementType: ElementType
  let shape: [Int]
  let parts: [Part: TensorData]

  init(form: SparseForm, elementType: ElementType, shape: [Int], parts: [Part: TensorData]) {
    self.form = form
    self.elementType = elementType
    self.shape = shape
    self.parts = parts
  }

  var byteCount: Int { parts.values.reduce(0) { $0 + $1.bytes.count } }

  // MARK: Writing

  /// The form of the fewest bytes; of equal ones the plainest.
  init(smallestOf tensor: TensorData) {
    elementType = tensor.elementType
    shape = tensor.shape
    let size = tensor.elementType.byteCount
    let places = Self.nonzeroPlaces(tensor)
    guard !tensor.bytes.isEmpty else {
      form = .dense
      parts = [.values: SafetensorsFile.holds(elementType) ? tensor : Self.raw(tensor.bytes)]
      return
    }
    let (rows, columns) = Self.matrix(tensor.shape)
    let mask = (tensor.elementCount + 7) / 8 + places.count * size
    let width = Self.columnType(columns)
    let compressed = places.count * (size + width.byteCount) + (rows + 1) * 4
    let isCompressible =
      places.count < 1 << 32 && columns <= 1 << 32
      && tensor.bytes.count / Self.largestExpansion < compressed
    let options: [(form: SparseForm, cost: Int)] = [
      (.dense, tensor.bytes.count), (.bitmask, mask + 2 * Self.entryBytes),
      (.compressedRows, isCompressible ? compressed + 3 * Self.entryBytes : .max),
    ]
    form = options.min { $0.cost < $1.cost }?.form ?? .dense
    switch form {
    case .dense:
      parts = [.values: SafetensorsFile.holds(elementType) ? tensor : Self.raw(tensor.bytes)]
    case .bitmask:
      var bits = Data(count: (tensor.elementCount + 7) / 8)
      for place in places { bits[place / 8] |= 1 << UInt8(place % 8) }
      parts = [.values: Self.gathered(tensor, places), .mask: Self.raw(bits)]
    case .compressedRows:
      var starts = [0]
      var next = 0
      for row in 0..<rows {
        while next < places.count, places[next] < (row + 1) * columns { next += 1 }
        starts.append(next)
      }
      parts = [
        .values: Self.gathered(tensor, places),
        .columns: Self.integers(places.map { $0 % max(columns, 1) }, width),
        .rows: Self.integers(starts, .uint32),
      ]
    }
  }

  /// Row-major places of the elements of which some byte is not zero.
  private static func nonzeroPlaces(_ tensor: TensorData) -> [Int] {
    let size = tensor.elementType.byteCount
    var places: [Int] = []
    for (position, byte) in tensor.bytes.enumerated() where byte != 0 {
      let place = position / size
      if places.last != place { places.append(place) }
    }
    return places
  }

  private static func gathered(_ tensor: TensorData, _ places: [Int]) -> TensorData {
    let size = tensor.elementType.byteCount
    let source = [UInt8](tensor.bytes)
    var values: [UInt8] = []
    values.reserveCapacity(places.count * size)
    for place in places {
      for byte in 0..<size { values.append(source[place * size + byte]) }
    }
    guard SafetensorsFile.holds(tensor.elementType),
      let result = try? TensorData(tensor.elementType, shape: [places.count], bytes: Data(values))
    else { return raw(Data(values)) }
    return result
  }

  private static func integers(_ values: [Int], _ type: ElementType) -> TensorData {
    let size = type.byteCount
    var bytes = Data(capacity: values.count * size)
    for value in values {
      for byte in 0..<size { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
    }
    return (try? TensorData(type, shape: [values.count], bytes: bytes)) ?? raw(bytes)
  }

  /// Bytes as they are.
  private static func raw(_ bytes: Data) -> TensorData {
    (try? TensorData(.uint8, shape: [bytes.count], bytes: bytes)) ?? .zeros([0])
  }

  /// The narrowest type that holds every column.
  private static func columnType(_ columns: Int) -> ElementType {
    columns <= 1 << 8 ? .uint8 : columns <= 1 << 16 ? .uint16 : .uint32
  }

  /// The first axis against all others; a tensor of one axis or none is one row.
  private static func matrix(_ shape: [Int]) -> (rows: Int, columns: Int) {
    guard shape.count > 1 else { return (1, shape.first ?? 1) }
    return (shape[0], shape.dropFirst().reduce(1, *))
  }

  // MARK: Reading

  /// All elements. Throws `ModelFormatError` where the parts do not fit each other or the shape.
  func dense(named name: String) throws -> TensorData {
    guard let count = TensorData.checkedElementCount(of: shape),
      case (let total, false) = count.multipliedReportingOverflow(by: elementType.byteCount),
      total / Self.largestExpansion <= byteCount
    else {
      throw Self.malformed("The tensor '\(name)' of shape \(shape) cannot come from \(byteCount) bytes.")
    }
    let values = parts[.values]?.bytes ?? Data()
    if form == .dense { return try whole(values, name) }
    guard values.count % elementType.byteCount == 0 else {
      throw Self.malformed("The values of '\(name)' have \(values.count) bytes, which is no number of elements.")
    }
    let places = form == .bitmask ? try markedPlaces(count, name) : try compressedPlaces(name)
    let size = elementType.byteCount
    guard places.count * size == values.count else {
      throw Self.malformed(
        "The tensor '\(name)' has \(places.count) places and \(values.count / size) values.")
    }
    let source = [UInt8](values)
    var bytes = [UInt8](repeating: 0, count: total)
    for (number, place) in places.enumerated() {
      for byte in 0..<size { bytes[place * size + byte] = source[number * size + byte] }
    }
    return try whole(Data(bytes), name)
  }

  private func whole(_ bytes: Data, _ name: String) throws -> TensorData {
    do {
      return try TensorData(elementType, shape: shape, bytes: bytes)
    } catch let error as GraphError {
      throw Self.malformed("The tensor '\(name)' does not fit its bytes: \(error.message)")
    }
  }

  private func markedPlaces(_ count: Int, _ name: String) throws -> [Int] {
    let mask = parts[.mask]?.bytes ?? Data()
    guard mask.count == count / 8 + (count % 8 > 0 ? 1 : 0) else {
      throw Self.malformed("The mask of '\(name)' has \(mask.count) bytes for \(count) elements.")
    }
    var places: [Int] = []
    for (position, byte) in mask.enumerated() where byte != 0 {
      for bit in 0..<8 where byte & (1 << UInt8(bit)) != 0 { places.append(position * 8 + bit) }
    }
    guard (places.last ?? -1) < count else {
      throw Self.malformed("The mask of '\(name)' marks an element beyond its \(count).")
    }
    return places
  }

  private func compressedPlaces(_ name: String) throws -> [Int] {
    let (rows, columns) = Self.matrix(shape)
    let starts = try Self.integers(of: parts[.rows], .uint32, "rows", name)
    let indices = try Self.integers(of: parts[.columns], Self.columnType(columns), "columns", name)
    guard starts.count == rows + 1, starts.first == 0, starts.last == indices.count,
      zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 })
    else { throw Self.malformed("The rows of '\(name)' do not part its \(indices.count) elements.") }
    var places: [Int] = []
    places.reserveCapacity(indices.count)
    for row in 0..<rows {
      var last = -1
      for column in indices[starts[row]..<starts[row + 1]] {
        guard column > last, column < columns else {
          throw Self.malformed("Row \(row) of '\(name)' has column \(column) behind \(last), of \(columns).")
        }
        last = column
        places.append(row * columns + column)
      }
    }
    return places
  }

  private static func integers(
    of tensor: TensorData?, _ type: ElementType, _ part: String, _ name: String
  ) throws -> [Int] {
    guard let tensor, tensor.elementType == type, tensor.shape.count == 1 else {
      throw malformed("The \(part) of '\(name)' are not a list of \(type.rawValue).")
    }
    let size = type.byteCount
    var numbers = Array(repeating: 0, count: tensor.elementCount)
    for (position, byte) in tensor.bytes.enumerated() {
      numbers[position / size] |= Int(byte) << (8 * (position % size))
    }
    return numbers
  }

  static func malformed(_ message: String) -> ModelFormatError {
    ModelFormatError(.malformed, message, remedy: "Check that the file is whole.")
  }
}
