import Foundation

/// Data that the package does not hold: below COPPICE_DATA, then in a folder "shared" beside the package's own.
package enum SharedData {
  /// The first of `names` that exists in one of the places, or nil after a printed reason.
  package static func url(_ names: [String], for test: String) -> URL? {
    var places: [URL] = []
    if let path = ProcessInfo.processInfo.environment["COPPICE_DATA"], !path.isEmpty {
      places.append(URL(fileURLWithPath: path))
      // COPPICE_DATA may name the folder of data sets alone, with the models beside it.
      places.append(URL(fileURLWithPath: path).deletingLastPathComponent())
    }
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    places.append(package.deletingLastPathComponent().appendingPathComponent("shared"))
    for place in places {
      for name in names {
        let url = place.appendingPathComponent(name)
        if FileManager.default.fileExists(atPath: url.path) { return url }
      }
    }
    print("\(test) is skipped: there is no \(names.joined(separator: " or ")) below COPPICE_DATA or ../shared.")
    return nil
  }
}
