import Foundation
import ModelGraph
import Support
import Testing

@Suite struct TensorDataTests {
  /// Against an index computed from the coordinates of every element.
  @Test func gatheringTakesSlicesInTheirOrder() throws {
    let shape = [3, 4, 5]
    let data = TensorData(shape: shape, floats: (0..<60).map(Float.init))
    for axis in 0..<3 {
      let indices = [2, 0, 0]
      let gathered = data.gathering(indices, axis: axis)
      var expected: [Float] = []
      var sizes = shape
      sizes[axis] = indices.count
      for a in 0..<sizes[0] {
        for b in 0..<sizes[1] {
          for c in 0..<sizes[2] {
            var place = [a, b, c]
            place[axis] = indices[place[axis]]
            expected.append(Float(place[0] * 20 + place[1] * 5 + place[2]))
          }
        }
      }
      #expect(gathered.shape == sizes)
      #expect(gathered.floats == expected)
    }
  }

  /// Along several axes at once, of elements of every size: the same as one axis after the other, by brute force.
  @Test(arguments: [ElementType.uint8, .float16, .float32, .int64], 0..<20)
  func gatheringAlongAllAxes(type: ElementType, turn: UInt64) throws {
    var generator = SeededGenerator(seed: turn, stream: "gathering/\(type)")
    let shape = (0..<(1 + generator.integer(below: 4))).map { _ in 1 + generator.integer(below: 5) }
    let count = shape.reduce(1, *)
    let bytes = Data((0..<(count * type.byteCount)).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
    let indices = shape.map { size -> [Int]? in
      generator.integer(below: 3) == 0
        ? nil : (0..<generator.integer(below: 2 * size + 1)).map { _ in generator.integer(below: size) }
    }
    let gathered = try TensorData(type, shape: shape, bytes: bytes).gathering(indices)
    var places = [0]
    for (size, wanted) in zip(shape, indices) {
      places = places.flatMap { place in (wanted ?? Array(0..<size)).map { place * size + $0 } }
    }
    let expected = places.flatMap { bytes[($0 * type.byteCount)..<(($0 + 1) * type.byteCount)] }
    #expect(gathered.shape == zip(shape, indices).map { $1?.count ?? $0 })
    #expect(gathered.elementType == type)
    #expect(Array(gathered.bytes) == expected)
  }

  @Test func bytesMustFitTheShape() throws {
    #expect(try TensorData(.int16, shape: [2, 3], bytes: Data(count: 12)).elementCount == 6)
    for (shape, count) in [([2, 3], 11), ([-1], 0), ([Int.max, 2], 8), ([1 << 62], 4)] {
      let error = #expect(throws: GraphError.self) { try TensorData(.int16, shape: shape, bytes: Data(count: count)) }
      #expect(error?.code == .invalidWeight)
    }
  }

  @Test func layingWeightsNeedsAllOfThemAndNoOthers() throws {
    let graph = try BuiltinNetworks.graph(named: "fashion-cnn", seed: 1)
    var state = try BuiltinNetworks.graph(named: "fashion-cnn", seed: 2).weights
    #expect(try graph.laying(state).weights == state)
    state["bn1.num_batches_tracked"] = TensorData(shape: [], integers: [3])
    #expect(try graph.laying(state).weights["bn1.num_batches_tracked"] == nil)
    var stranger = state
    stranger["conv9.weight"] = .zeros([1])
    #expect(throws: GraphError.self) { try graph.laying(stranger) }
    var wrongShape = state
    wrongShape["fc2.bias"] = .zeros([11])
    #expect(throws: GraphError.self) { try graph.laying(wrongShape) }
    state["fc2.bias"] = nil
    let error = #expect(throws: GraphError.self) { try graph.laying(state) }
    #expect(error?.message.contains("fc2.bias") == true)
  }

  @Test func statisticsAreNotParameters() throws {
    let roles = try BuiltinNetworks.graph(named: "fashion-cnn").weightRoles()
    #expect(roles["bn1.running_var"] == .statistic)
    #expect(roles["bn1.weight"] == .trainable)
    #expect(roles["conv1.weight"] == .trainable)
  }
}
