import Foundation

/// The name under which latencies may be compared: the processor's model, as the kernel tells it.
package enum DeviceClass {
  /// This machine's processor, or its architecture where the kernel does not tell more.
  package static func current() -> String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    return name(fromCPUInfo: text) ?? architecture
  }

  /// The model of the first processor in the text of /proc/cpuinfo, with family and model numbers, since virtual machines give
  /// several generations the same name ("AMD EPYC (family 26, model 2)"); nil when it names none.
  package static func name(fromCPUInfo text: String) -> String? {
    var fields: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      if parts.count == 2, !parts[1].isEmpty, fields[parts[0]] == nil { fields[parts[0]] = parts[1] }
    }
    if let model = fields["model name"] {
      guard let family = fields["cpu family"], let number = fields["model"] else { return model }
      return "\(model) (family \(family), model \(number))"
    }
    if let implementer = fields["CPU implementer"], let part = fields["CPU part"] {
      return "\(architecture) (implementer \(implementer), part \(part))"
    }
    return nil
  }

  private static var architecture: String {
    #if arch(x86_64)
      return "x86_64"
    #elseif arch(arm64)
      return "aarch64"
    #else
      return "unknown"
    #endif
  }
}
