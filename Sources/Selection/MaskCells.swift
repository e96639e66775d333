import ChannelGroups
import StudyModel

/// What of one weight becomes zeros together: single elements, or blocks of its matrix.
struct MaskCells {
  /// The sum of each cell's elements, in double precision.
  let scores: [Double]
  /// For each element its cell; nil where each is its own.
  private let cellOfElement: [Int]?

  var count: Int { scores.count }

  init(_ weight: PrunableWeight, scores values: [Float], granularity: Granularity) {
    guard case .block(let rows, let columns) = granularity else {
      scores = values.map(Double.init)
      cellOfElement = nil
      return
    }
    let matrix = KernelMatrix(weight)
    let across = (matrix.columns + columns - 1) / columns
    let down = (matrix.rows + rows - 1) / rows
    var cells = Array(repeating: 0, count: values.count)
    var sums = Array(repeating: 0.0, count: matrix.count * down * across)
    for index in 0..<matrix.count {
      for row in 0..<matrix.rows {
        for column in 0..<matrix.columns {
          let place = matrix.place(index, row, column)
          let cell = (index * down + row / rows) * across + column / columns
          cells[place] = cell
          sums[cell] += Double(values[place])
        }
      }
    }
    scores = sums
    cellOfElement = cells
  }

  /// How many elements of each cell are marked.
  func counts(_ marked: [Bool]) -> [Int] {
    guard let cellOfElement else { return marked.map { $0 ? 1 : 0 } }
    var counts = Array(repeating: 0, count: count)
    for (element, cell) in cellOfElement.enumerated() where marked[element] { counts[cell] += 1 }
    return counts
  }

  /// Each element's share in what is true of its cell.
  func elements(_ cells: [Bool]) -> [Bool] {
    cellOfElement?.map { cells[$0] } ?? cells
  }
}
