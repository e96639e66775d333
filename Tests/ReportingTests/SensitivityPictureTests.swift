import Foundation
import FoundationXML
import Reporting
import StudyModel
import Testing

@Suite struct SensitivityPictureTests {
  private let scan = SensitivityScan(entries: [
    .init(group: "conv1", ratio: 0.5, accuracy: 0.2, loss: 2),
    .init(group: "conv1", ratio: 0.25, accuracy: 0.9, loss: 1),
    .init(group: "a<b&c", ratio: 0.25, accuracy: 0.55, loss: 1),
  ])

  @Test func isWellFormedAndHasACellForEveryEntry() throws {
    let svg = SensitivityPicture(scan, title: "Sensitivity of <x>").svg
    #expect(XMLParser(data: Data(svg.utf8)).parse(), "\(svg)")
    for text in [">20.0<", ">90.0<", ">55.0<", ">0.25<", ">0.5<", "a&lt;b&amp;c", "Sensitivity of &lt;x&gt;"] {
      #expect(svg.contains(text), "\(text)")
    }
    // The paper, and a cell for each of three entries: one is missing of two groups at two ratios.
    #expect(svg.components(separatedBy: "<rect").count - 1 == 4)
    // The worst is orange, the best green.
    #expect(svg.contains("#f4a56a") && svg.contains("#8fd0a8"))
  }

  @Test func emptyScansMakeAnEmptyPicture() {
    let svg = SensitivityPicture(SensitivityScan(entries: []), title: "none").svg
    #expect(svg.components(separatedBy: "<rect").count - 1 == 1)
  }
}
