import Foundation

/// Numbers as people read them.
package enum Units {
  /// 1536 as "1.5 KiB".
  package static func bytes(_ count: Int) -> String {
    var value = Double(count)
    for unit in ["B", "KiB", "MiB", "GiB"] {
      if value < 1024 { return unit == "B" ? "\(count) B" : format(value, unit) }
      value /= 1024
    }
    return format(value, "TiB")
  }

  /// 1_234_567 as "1.23 M".
  package static func count(_ count: Int) -> String {
    if count < 10_000 { return "\(count)" }
    var value = Double(count) / 1000
    for unit in ["k", "M", "G"] {
      if value < 1000 { return String(format: value < 100 ? "%.2f %@" : "%.1f %@", value, unit) }
      value /= 1000
    }
    return format(value, "T")
  }

  /// 75 as "1 min 15 s".
  package static func duration(seconds: Double) -> String {
    if seconds < 1 { return String(format: "%.0f ms", seconds * 1000) }
    if seconds < 10 { return String(format: "%.1f s", seconds) }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }

  /// 55 as "55 s left"; "ending" where nothing is left of an estimate and the work still goes on.
  package static func timeLeft(seconds: Double) -> String {
    seconds < 0.1 ? "ending" : "\(duration(seconds: seconds)) left"
  }

  /// 1 as "1 epoch", a third as "0.3333 epochs".
  package static func epochs(_ count: Double) -> String {
    if count == 1 { return "1 epoch" }
    return count == count.rounded() && abs(count) < 1e15 ? "\(Int(count)) epochs" : String(format: "%.4g epochs", count)
  }

  /// 0.9134 as "91.34%".
  package static func percent(_ share: Double) -> String { String(format: "%.2f%%", share * 100) }

  private static func format(_ value: Double, _ unit: String) -> String {
    String(format: value < 10 ? "%.2f %@" : "%.1f %@", value, unit)
  }
}
