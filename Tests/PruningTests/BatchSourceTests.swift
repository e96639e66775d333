import Datasets
import Foundation
import ModelGraph
import StudyModel
import Tensors
import Testing
import Training

extension ComputeSuite {
  @Suite struct BatchSourceTests {
    /// One image whose pixels all differ: value = 16 row + column.
    private func ramp(_ count: Int = 1, channels: Int = 1, size: Int = 6) throws -> ImageDataset {
      let image = (0..<channels).flatMap { channel in
        (0..<size * size).map { UInt8(100 * channel + 16 * ($0 / size) + $0 % size) }
      }
      return try ImageDataset(
        name: "ramp", channels: channels, height: size, width: size, classCount: 3,
        images: Data((0..<count).flatMap { _ in image }), labels: (0..<count).map { UInt8($0 % 3) })
    }

    @Test func normalisesEachChannel() throws {
      let dataset = try ImageDataset(
        name: "two", channels: 2, height: 1, width: 2, classCount: 2, images: Data([0, 255, 51, 102, 1, 2, 3, 4]),
        labels: [0, 1])
      let source = try BatchSource(
        dataset, indices: [1, 0], input: InputNormalization(mean: [0.5, 0.25], std: [0.5, 0.125]))
      let (images, labels) = try source.batch([1, 0, 1])
      #expect(images.shape == [3, 2, 1, 2])
      #expect(try labels.int64s == [0, 1, 0])
      let expected: [Float] = [-1, 1, -0.4, 1.2]
      for (value, wanted) in zip(try images.floats, expected) { #expect(abs(value - wanted) < 1e-6) }
      let second = try images.floats[4..<8]
      for (value, pixel) in zip(second, [(1.0, 0.5, 0.5), (2, 0.5, 0.5), (3, 0.25, 0.125), (4, 0.25, 0.125)]) {
        #expect(abs(Double(value) - (pixel.0 / 255 - pixel.1) / pixel.2) < 1e-6)
      }
    }

    @Test func everyCropIsAWindowOfThePaddedImage() throws {
      let size = 6
      let border = 2
      let count = 400
      let source = try BatchSource(
        ramp(count, channels: 2), indices: (0..<Int32(count)).map { $0 }, input: InputNormalization(scale: 1))
      let (images, _) = try source.batch(
        0..<Int64(count), augmentation: Augmentation(cropPadding: border, flips: true),
        generator: TorchGenerator(seed: 5))
      let (plain, _) = try source.batch([0])
      let original = try plain.floats
      /// The window at a shift, mirrored or not, with zeros outside.
      func window(_ top: Int, _ left: Int, mirrored: Bool) -> [Float] {
        var result: [Float] = []
        for channel in 0..<2 {
          for row in 0..<size {
            for column in 0..<size {
              let y = row + top - border
              let x = (mirrored ? size - 1 - column : column) + left - border
              let inside = (0..<size).contains(y) && (0..<size).contains(x)
              result.append(inside ? original[channel * size * size + y * size + x] : 0)
            }
          }
        }
        return result
      }
      var windows: [[Float]: Int] = [:]
      for top in 0...(2 * border) {
        for left in 0...(2 * border) {
          for mirrored in [false, true] { windows[window(top, left, mirrored: mirrored)] = 0 }
        }
      }
      #expect(windows.count == 50)
      let values = try images.floats
      for sample in 0..<count {
        let image = Array(values[sample * 72..<(sample + 1) * 72])
        #expect(windows[image] != nil, "image \(sample) is no window")
        windows[image, default: 0] += 1
      }
      // 400 draws of 50 windows: each is expected 8 times, and one that never came would have a chance of 3 in 10,000.
      #expect(windows.values.count { $0 == 0 } <= 2)
      #expect((windows.values.max() ?? 0) < 30)
    }

    @Test func flipsHalfOfTheImagesAndNothingElse() throws {
      let source = try BatchSource(ramp(300), indices: (0..<300).map { $0 }, input: InputNormalization(scale: 1))
      let (images, _) = try source.batch(
        0..<300, augmentation: Augmentation(flips: true), generator: TorchGenerator(seed: 6))
      let plain = try source.batch([0]).images
      let mirrored = try plain.flip([3])
      var flipped = 0
      for sample in 0..<300 {
        let image = try images.slice(0, sample..<(sample + 1))
        if try image.floats == mirrored.floats { flipped += 1 } else { #expect(try image.floats == plain.floats) }
      }
      #expect((110...190).contains(flipped))
    }

    @Test func generatorsDecide() throws {
      let source = try TestNetworks.source(TestNetworks.images(40))
      func draw(_ seed: UInt64) throws -> [Float] {
        let augmentation = Augmentation(cropPadding: 2, flips: true)
        return try source.batch(0..<40, augmentation: augmentation, generator: TorchGenerator(seed: seed)).images.floats
      }
      #expect(try draw(1) == draw(1))
      #expect(try draw(1) != draw(2))
      #expect(
        try source.batch(0..<40, augmentation: Augmentation(cropPadding: 2)).images.floats
          == source.batch(0..<40).images.floats)
    }

    @Test func refusesWhatDoesNotFit() throws {
      let dataset = try TestNetworks.images(8)
      func code(_ body: () throws -> Void) -> TrainingError.Code? {
        do { try body() } catch { return (error as? TrainingError)?.code }
        return nil
      }
      #expect(code { _ = try BatchSource(dataset, indices: []) } == .invalidData)
      #expect(code { _ = try BatchSource(dataset, indices: [8]) } == .invalidData)
      #expect(code { _ = try BatchSource(dataset, indices: [-1]) } == .invalidData)
      #expect(
        code { _ = try BatchSource(dataset, indices: [0], input: InputNormalization(mean: [0, 0])) } == .invalidSettings
      )
      #expect(
        code { _ = try BatchSource(dataset, indices: [0], input: InputNormalization(std: [0])) } == .invalidSettings)
      let source = try TestNetworks.source(dataset)
      #expect(code { try source.check(fits: TestNetworks.mixed()) } == nil)
      #expect(code { try source.check(fits: TestNetworks.golden()) } == .invalidData)
      let many = try TestNetworks.source(TestNetworks.images(8, classes: 5))
      #expect(code { try many.check(fits: TestNetworks.mixed()) } == .invalidData)
    }
  }
}
