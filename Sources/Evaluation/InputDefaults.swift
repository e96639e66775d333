import StudyModel

extension InputNormalization {
  /// The mean and deviation of the training pixels of well-known data; for other data the pixels scaled to 0...1.
  package static func standard(for data: DataSource) -> InputNormalization {
    switch data.format {
    case "fashion-mnist": InputNormalization(scale: 255, mean: [0.2860], std: [0.3530])
    case "cifar10":
      InputNormalization(scale: 255, mean: [0.4914, 0.4822, 0.4465], std: [0.2470, 0.2435, 0.2616])
    default: InputNormalization()
    }
  }
}
