import ModelGraph
import Tensors

extension KernelContext {
  /// The maximum of each cell of each region, on whole elements. Regions are rows of batch index, x1, y1, x2, y2.
  func maxRegionPool(pooledShape: [Int], spatialScale: Double) throws -> KernelBody {
    try expectInputs(2...2)
    guard pooledShape.count == 2, pooledShape.allSatisfy({ $0 > 0 }), spatialScale.magnitude < 1e6 else {
      throw failure("has the pooled shape \(pooledShape) at the scale \(spatialScale); it needs a height and a width")
    }
    return { call in
      let (x, regions) = (try call.tensor(0), try call.tensor(1))
      guard x.rank == 4, regions.rank == 2, regions.shape[1] == 5 else {
        throw failure("has an input of shape \(x.shape) and regions of shape \(regions.shape)")
      }
      let numbers = try regions.doubles
      let channels = x.shape[1]
      let empty = try Tensor.zeros([channels], type: x.type, device: x.device)
      var cells: [Tensor] = []
      for region in 0..<regions.shape[0] {
        let row = Array(numbers[(region * 5)..<(region * 5 + 5)])
        guard row.allSatisfy({ $0.magnitude < 1e9 }), (0..<Double(x.shape[0])).contains(row[0]) else {
          throw failure("has the region \(row), which is not in a batch of \(x.shape[0])")
        }
        let batch = Int(row[0])
        let image = try x.slice(0, batch, batch + 1).removing(axis: 0)
        let columns = Self.cells(row[1] * spatialScale, row[3] * spatialScale, pooledShape[1], within: x.shape[3])
        for rows in Self.cells(row[2] * spatialScale, row[4] * spatialScale, pooledShape[0], within: x.shape[2]) {
          for columns in columns {
            cells.append(
              rows.isEmpty || columns.isEmpty
                ? empty : try image.slice(1, rows).slice(2, columns).max([1, 2]))
          }
        }
      }
      let shape = [regions.shape[0], pooledShape[0], pooledShape[1], channels]
      if cells.isEmpty { return [try Tensor.zeros([0, channels] + pooledShape, type: x.type, device: x.device)] }
      return [try Tensor.stack(cells).reshape(shape).permute([0, 3, 1, 2])]
    }
  }

  /// The elements of each of `count` cells between two edges that are rounded to elements; the last edge belongs to it.
  private static func cells(_ start: Double, _ end: Double, _ count: Int, within size: Int) -> [Range<Int>] {
    let first = start.rounded()
    let length = max(end.rounded() - first + 1, 1) / Double(count)
    return (0..<count).map { cell in
      let low = min(max(Int((Double(cell) * length).rounded(.down) + first), 0), size)
      let high = min(max(Int((Double(cell + 1) * length).rounded(.up) + first), 0), size)
      return low..<max(low, high)
    }
  }

  /// Cells of regions from interpolated samples (He and others 2017). Regions are rows of x1, y1, x2, y2.
  func regionAlign(_ attributes: RegionAlign) throws -> KernelBody {
    try expectInputs(3...3)
    guard attributes.height > 0, attributes.width > 0, attributes.samplingRatio < 1 << 16 else {
      throw failure(
        "has outputs of \(attributes.height) x \(attributes.width) from \(attributes.samplingRatio) samples an axis")
    }
    return { call in
      let (x, regions, batches) = (try call.tensor(0), try call.tensor(1), try call.integers(2))
      guard x.rank == 4, regions.rank == 2, regions.shape[1] == 4, batches.count == regions.shape[0],
        batches.allSatisfy({ (0..<x.shape[0]).contains($0) })
      else {
        throw failure("has an input of shape \(x.shape), regions \(regions.shape) and batch indices \(batches)")
      }
      let numbers = try regions.doubles
      var results: [Tensor] = []
      for (region, batch) in batches.enumerated() {
        let edges = numbers[(region * 4)..<(region * 4 + 4)].map { $0 * attributes.spatialScale }
        let rows = RegionSamples(attributes, edges[1], edges[3], cells: attributes.height, size: x.shape[2])
        let columns = RegionSamples(attributes, edges[0], edges[2], cells: attributes.width, size: x.shape[3])
        let image = try x.slice(0, batch, batch + 1).removing(axis: 0)
        results.append(try Self.pooled(image, rows, columns, mode: attributes.mode))
      }
      if results.isEmpty {
        let shape = [0, x.shape[1], attributes.height, attributes.width]
        return [try Tensor.zeros(shape, type: x.type, device: x.device)]
      }
      return [try Tensor.stack(results)]
    }
  }

  /// `[C, H, W]` to `[C, rows' cells, columns' cells]`.
  private static func pooled(
    _ image: Tensor, _ rows: RegionSamples, _ columns: RegionSamples, mode: RegionAlign.Mode
  ) throws -> Tensor {
    let (channels, device) = (image.shape[0], image.device)
    guard rows.count > 0, columns.count > 0 else {
      return try Tensor.zeros([channels, rows.cells, columns.cells], type: image.type, device: device)
    }
    func vector(_ values: [Double]) throws -> Tensor { try Tensor(doubles: values, device: device).to(image.type) }
    var result: Tensor?
    for row in rows.taps {
      let part = try image.indexSelect(1, Tensor(int64s: row.places, shape: [row.places.count], device: device))
      for column in columns.taps {
        let places = try Tensor(int64s: column.places, shape: [column.places.count], device: device)
        let weights = try vector(row.weights).inserting(axis: 1) * vector(column.weights)
        let share = try part.indexSelect(2, places) * weights
        switch mode {
        case .average: result = try result.map { try $0 + share } ?? share
        // ONNX takes the largest weighted neighbour, not the largest sample.
        case .maximum: result = try result.map { try $0.maximum(share) } ?? share
        }
      }
    }
    let samples = try (result ?? image).reshape([channels, rows.cells, rows.count, columns.cells, columns.count])
    return mode == .average ? try samples.mean([2, 4]) : try samples.max([2, 4])
  }
}

/// Where a region is sampled along one axis: `count` samples in each cell, each between two elements.
private struct RegionSamples {
  let cells: Int
  /// In each cell; zero for a region without extent.
  let count: Int
  /// The lower and the upper neighbour of every sample.
  let taps: [(places: [Int64], weights: [Double])]

  init(_ attributes: RegionAlign, _ start: Double, _ end: Double, cells: Int, size: Int) {
    self.cells = cells
    let shift = attributes.coordinates == .halfPixel ? 0.5 : 0
    let extent = attributes.coordinates == .halfPixel ? end - start : max(end - start, 1)
    let length = extent / Double(cells)
    // A region that is no number, or far larger than any image, has no samples.
    let isPlace = start.magnitude < 1e9 && length.magnitude < 1e6
    let samples = attributes.samplingRatio > 0 ? attributes.samplingRatio : Int(isPlace ? length.rounded(.up) : 0)
    let count = isPlace ? max(samples, 0) : 0
    self.count = count
    let positions = (0..<(cells * count)).map { sample -> Double in
      let part = (Double(sample % count) + 0.5) / Double(count)
      return start - shift + (Double(sample / count) + part) * length
    }
    let last = Double(size - 1)
    let clamped: [Double] = positions.map { min(max($0, 0), last) }
    let lows: [Double] = clamped.map { $0.rounded(.down) }
    // Samples more than one element outside count for nothing.
    let isInside = positions.map { $0 >= -1 && $0 <= Double(size) }
    taps = [0, 1].map { side in
      let places = lows.map { Int64(min($0 + Double(side), last)) }
      let weights = clamped.indices.map { index in
        let fraction = clamped[index] - lows[index]
        return isInside[index] ? (side == 1 ? fraction : 1 - fraction) : 0
      }
      return (places, weights)
    }
  }
}
