/// What pruning one group alone does to the network, group by group and ratio by ratio.
package struct SensitivityScan: Hashable, Sendable, Codable {
  package struct Entry: Hashable, Sendable, Codable {
    package var group: String
    /// The share of the group that left.
    package var ratio: Double
    /// On validation samples, after the cut and new batch-norm statistics, without training.
    package var accuracy: Double
    /// Mean cross-entropy on the same samples, in nats.
    package var loss: Double

    package init(group: String, ratio: Double, accuracy: Double, loss: Double) {
      self.group = group
      self.ratio = ratio
      self.accuracy = accuracy
      self.loss = loss
    }
  }

  /// What is cut of each group where a scan only puts groups in an order.
  package static let orderRatio = 0.5

  package var entries: [Entry]

  package init(entries: [Entry] = []) {
    self.entries = entries
  }
}
