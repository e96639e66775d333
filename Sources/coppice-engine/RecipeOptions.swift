import ArgumentParser

/// Recipes that are read and written as a whole.
struct RecipeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Prunes by a plan that was written down: JSON (--write-plan, front --json), or a network that a search made.",
      valueName: "file"))
  var plan: String?

  @Option(help: ArgumentHelp("Writes the plan as JSON, its SHA-256 its identity.", valueName: "file"))
  var writePlan: String?
}
