import Foundation

extension TensorData {
  /// The slices at the given indices of each axis, in their order; nil stands for all of an axis, and an index may repeat.
  ///
  /// One pass, linear in the result's bytes: runs of indices that follow each other are copied at once, single elements as
  /// numbers.
  package func gathering(_ indices: [[Int]?]) -> TensorData {
    precondition(indices.count == shape.count, "indices of \(indices.count) axes for shape \(shape)")
    for (size, wanted) in zip(shape, indices) {
      for index in wanted ?? [] {
        precondition(index >= 0 && index < size, "index \(index) on an axis of \(size)")
      }
    }
    guard let last = indices.lastIndex(where: { $0 != nil }), let innermost = indices[last] else { return self }
    let newShape = zip(shape, indices).map { size, wanted in wanted?.count ?? size }
    let byteCount = newShape.reduce(1, *) * elementType.byteCount
    guard byteCount > 0 else { return TensorData(trusted: elementType, shape: newShape, bytes: Data()) }

    let run = shape[(last + 1)...].reduce(1, *) * elementType.byteCount
    let starts = Self.starts(Array(shape[..<last]), Array(indices[..<last])).map { $0 * shape[last] * run }
    // Not zeroed first: every byte is written.
    let target = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: MemoryLayout<Int64>.alignment)
    bytes.withUnsafeBytes { source in
      guard let source = source.baseAddress else { return }
      switch run {
      case 4: Self.copy(UInt32.self, innermost, source, starts, target)
      case 8: Self.copy(UInt64.self, innermost, source, starts, target)
      default: Self.copy(Self.runs(innermost), of: run, source, starts, target)
      }
    }
    return TensorData(
      trusted: elementType, shape: newShape,
      bytes: Data(bytesNoCopy: target, count: byteCount, deallocator: .custom { pointer, _ in pointer.deallocate() }))
  }

  /// The places, row-major, of what stays of some axes.
  private static func starts(_ sizes: [Int], _ indices: [[Int]?]) -> [Int] {
    var places = [0]
    for (size, wanted) in zip(sizes, indices) {
      let wanted = wanted ?? Array(0..<size)
      places = places.flatMap { place in wanted.map { place * size + $0 } }
    }
    return places
  }

  /// Ranges of indices that follow each other.
  private static func runs(_ indices: [Int]) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    for index in indices {
      if let last = runs.last, last.upperBound == index {
        runs[runs.count - 1] = last.lowerBound..<index + 1
      } else {
        runs.append(index..<index + 1)
      }
    }
    return runs
  }

  private static func copy(
    _ runs: [Range<Int>], of size: Int, _ source: UnsafeRawPointer, _ starts: [Int], _ target: UnsafeMutableRawPointer
  ) {
    var target = target
    for start in starts {
      for run in runs {
        target.copyMemory(from: source + start + run.lowerBound * size, byteCount: run.count * size)
        target += run.count * size
      }
    }
  }

  private static func copy<Word: FixedWidthInteger & BitwiseCopyable>(
    _ type: Word.Type, _ indices: [Int], _ source: UnsafeRawPointer, _ starts: [Int], _ target: UnsafeMutableRawPointer
  ) {
    let size = MemoryLayout<Word>.size
    indices.withUnsafeBufferPointer { indices in
      var target = target
      for start in starts {
        let row = source + start
        for index in indices {
          // The bytes of a file that is read in place may lie anywhere.
          target.storeBytes(of: row.loadUnaligned(fromByteOffset: index * size, as: Word.self), as: Word.self)
          target += size
        }
      }
    }
  }
}
