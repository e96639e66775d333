import Support

/// Takes the place of the standard library's `print`, which says nothing when its text cannot be written: here the command says
/// so at its end, and its status is that of an output that cannot be written.
func print(_ items: Any..., separator: String = " ", terminator: String = "\n") {
  StandardOutput.write(items.map { "\($0)" }.joined(separator: separator) + terminator)
}
