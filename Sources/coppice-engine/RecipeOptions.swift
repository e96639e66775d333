import ArgumentParser

/// Recipes that are read and written as a whole.
struct RecipeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Prune by a plan: a JSON file (from --write-plan or coppice front --json), or a network file of a search.",
      valueName: "file"))
  var plan: String?

  @Option(help: ArgumentHelp("Write the plan as JSON too, for --plan.", valueName: "file"))
  var writePlan: String?
}
