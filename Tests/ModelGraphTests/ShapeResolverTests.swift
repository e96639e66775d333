import ModelGraph
import Testing

/// The resolvers that shape rules, execution and channel groups share, against positions counted one by one.
@Suite struct ShapeResolverTests {
  /// By the definition: walk from the clamped start in steps until the end is reached.
  @Test(arguments: [1, 2, 3, -1, -2, -5, 7]) func slicesTakeWhatWalkingTakes(step: Int) throws {
    for size in 0...6 {
      for start in -8...8 {
        for end in -8...8 {
          let from = start < 0 ? start + size : start
          let to = end < 0 ? end + size : end
          var expected: [Int] = []
          if step > 0 {
            var place = max(from, 0)
            while place < min(to, size) {
              expected.append(place)
              place += step
            }
          } else {
            // A start before the axis is moved onto it, unlike in NumPy.
            var place = min(max(from, 0), size - 1)
            while place > max(to, -1), place >= 0 {
              expected.append(place)
              place += step
            }
          }
          let slice = try SlicePositions(shape: [4, size], starts: [start], ends: [end], axes: [-1], steps: [step])
          #expect(slice.runs[1].positions == expected, "[\(start):\(end):\(step)] of \(size)")
          #expect(slice.shape == [4, expected.count])
        }
      }
    }
  }

  @Test func slicesWithExtremeNumbersStop() throws {
    for (start, end, step, count) in [
      (Int.min, Int.max, 1, 5), (Int.max, Int.min, -1, 5), (0, Int.max, Int.max, 1), (-1, Int.min, Int.min, 1),
    ] {
      let slice = try SlicePositions(shape: [5], starts: [start], ends: [end], axes: nil, steps: [step])
      #expect(slice.shape == [count])
    }
    #expect(throws: ShapeMisfit.self) {
      try SlicePositions(shape: [5], starts: [0], ends: [1], axes: [0], steps: [0])
    }
    #expect(throws: ShapeMisfit.self) {
      try SlicePositions(shape: [5, 5], starts: [0, 0], ends: [1, 1], axes: [0, -2], steps: nil)
    }
  }

  @Test func reshapesCopyAndFill() throws {
    #expect(try ShapeTargets.reshape([2, 3, 4], to: [0, -1], allowsZero: false) == [2, 12])
    #expect(try ShapeTargets.reshape([0, 3], to: [0, 7], allowsZero: true) == [0, 7])
    #expect(try ShapeTargets.reshape([], to: [1, -1], allowsZero: false) == [1, 1])
    #expect(try ShapeTargets.reshape(nil, to: [4, 5], allowsZero: false) == [4, 5])
    #expect(try ShapeTargets.reshape(nil, to: [4, -1], allowsZero: false) == nil)
    for target in [[-1, -1], [5, -1], [2, 3, 5], [-2, 12], [0, 0, 0, 0], [Int.max, Int.max]] {
      #expect(throws: ShapeMisfit.self, "\(target)") {
        try ShapeTargets.reshape([2, 3, 4], to: target, allowsZero: false)
      }
    }
  }

  @Test func splitsAreEqualButForTheLast() throws {
    #expect(try ShapeTargets.split(7, sizes: nil, parts: 4) == [2, 2, 2, 1])
    #expect(try ShapeTargets.split(7, sizes: [3, 0, 4], parts: 3) == [3, 0, 4])
    for (sizes, parts) in [([3, 5], 2), ([3, 4], 3), ([-1, 8], 2), ([Int.max, Int.max], 2)] {
      #expect(throws: ShapeMisfit.self) { try ShapeTargets.split(7, sizes: sizes, parts: parts) }
    }
    #expect(throws: ShapeMisfit.self) { try ShapeTargets.split(5, sizes: nil, parts: 4) }
  }

  /// Each rule gives ceil(size / stride) windows, and the borders are as large as the last window needs.
  @Test(arguments: [Padding.Rule.sameUpper, .sameLower]) func sameBordersReachTheLastWindow(rule: Padding.Rule) throws {
    for size in 1...12 {
      for (kernel, stride, dilation) in [(3, 1, 1), (2, 2, 1), (4, 3, 1), (3, 2, 2)] {
        let window = try WindowGeometry.sliding(
          over: [size], kernel: [kernel], strides: [stride], dilations: [dilation], padding: Padding(rule: rule))
        let count = (size + stride - 1) / stride
        let reach = (count - 1) * stride + dilation * (kernel - 1) + 1
        #expect(window.output == [count])
        #expect(window.before[0] + window.after[0] == max(0, reach - size))
        let odd = window.after[0] - window.before[0]
        #expect(rule == .sameUpper ? (0...1).contains(odd) : (-1...0).contains(odd))
      }
    }
  }

  /// A transposed convolution undoes the sizes of the convolution with the same attributes.
  @Test func transposedWindowsGoBack() throws {
    for size in 5...12 {
      for (kernel, stride, before, after) in [(3, 1, 1, 1), (4, 2, 1, 1), (3, 2, 0, 1), (5, 3, 2, 0)] {
        let padding = Padding(before: [before], after: [after])
        let there = try WindowGeometry.sliding(
          over: [size], kernel: [kernel], strides: [stride], dilations: [], padding: padding)
        let left = (size + before + after - kernel) % stride
        let back = try WindowGeometry.transposed(
          over: there.output, kernel: [kernel], strides: [stride], dilations: [], padding: padding,
          outputPadding: [left], outputShape: [])
        #expect(back.output == [size])
        let named = try WindowGeometry.transposed(
          over: there.output, kernel: [kernel], strides: [stride], dilations: [], padding: Padding(),
          outputPadding: [left], outputShape: [size])
        #expect(named.output == [size])
        #expect(named.before[0] + named.after[0] == before + after)
      }
    }
  }

  @Test func resizesKeepRatiosWhereAsked() throws {
    func sizes(_ ratio: Resize.AspectRatio) throws -> [Int] {
      try ResizeGeometry(
        Resize(aspectRatio: ratio, axes: [3, 2]), shape: [1, 3, 20, 10], region: nil, scales: nil, sizes: [30, 30]
      ).sizes
    }
    #expect(try sizes(.stretch) == [1, 3, 30, 30])
    #expect(try sizes(.notLarger) == [1, 3, 30, 15])
    #expect(try sizes(.notSmaller) == [1, 3, 60, 30])
    let scaled = try ResizeGeometry(
      Resize(), shape: [1, 1, 5, 7], region: nil, scales: [1, 1, 0.5, 1.5], sizes: nil)
    #expect(scaled.sizes == [1, 1, 2, 10])
    #expect(scaled.scales == [1, 1, 0.5, 1.5])
    for scale in [0, -1, Float.nan, Float.infinity, 1e30] {
      #expect(throws: ShapeMisfit.self) {
        try ResizeGeometry(Resize(), shape: [5], region: nil, scales: [scale], sizes: nil)
      }
    }
  }

  @Test func equationsNameTheirIndices() throws {
    let product = try EinsumEquation("...ij, ...jk -> ...ik", ranks: [4, 3])
    let sizes = try product.sizes(of: [[2, 5, 3, 4], [5, 4, 6]])
    #expect(product.output.map { sizes[$0] } == [2, 5, 3, 6])
    #expect(try EinsumEquation("ba", ranks: [2]).output == [.letter("a"), .letter("b")])
    #expect(try EinsumEquation("ii", ranks: [2]).output.isEmpty)
    for (text, ranks) in [
      ("ij,jk->il", [2, 2]), ("ij", [3]), ("i..j->i", [3]), ("ij,jk->iik", [2, 2]), ("i1->i", [2]), ("ij=>i", [2]),
      ("ij", [2, 2]),
    ] {
      #expect(throws: ShapeMisfit.self, "\(text)") { try EinsumEquation(text, ranks: ranks) }
    }
    #expect(throws: ShapeMisfit.self) { try EinsumEquation("ij,jk", ranks: [2, 2]).sizes(of: [[2, 3], [4, 5]]) }
  }
}
