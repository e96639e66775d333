extension MorningReport {
  /// Follows the reader's choice of a light or dark screen; below 640 pixels the rows of tables become blocks.
  static var style: String {
    func colours(_ values: [String]) -> String {
      values.enumerated().map { "--c\($0): \($1);" }.joined(separator: " ")
    }
    let marks = CriterionMarks.lightColours.indices.map { number in
      "path.front.c\(number), .swatch .c\(number) { fill: var(--c\(number)); } path.other.c\(number) { stroke: var(--c\(number)); } "
        + ".bar .c\(number) { background: var(--c\(number)); }"
    }.joined(separator: "\n")
    return """
      :root { color-scheme: light dark; --ink: #1c1f23; --paper: #ffffff; --faint: #d9dde2; --accent: #1a7f4b; --dim: #5f6973; --alert: #8a5000; \(colours(CriterionMarks.lightColours)) }
      @media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --paper: #16191c; --faint: #363c43; --accent: #4cc486; --dim: #9aa4af; --alert: #f0b455; \(colours(CriterionMarks.darkColours)) } }
      * { box-sizing: border-box; }
      body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1280px; margin: 1.5em auto; padding: 0 1em; overflow-wrap: anywhere; }
      a { color: var(--accent); }
      h1 { font-size: 1.6em; } h2 { font-size: 1.15em; margin-top: 2em; border-bottom: 1px solid var(--faint); }
      .wide { overflow-x: auto; } table { border-collapse: collapse; margin: 0.8em 0; font-size: 0.92em; }
      th, td { text-align: left; padding: 0.25em 0.7em; border-bottom: 1px solid var(--faint); vertical-align: top; }
      td { max-width: 34em; } td > span { white-space: pre-wrap; } th { font-weight: 600; }
      .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; overflow-wrap: normal; }
      small { display: block; color: var(--dim); font-size: 0.85em; } .note { color: var(--dim); font-size: 0.9em; }
      pre { background: color-mix(in srgb, var(--faint) 35%, transparent); padding: 0.8em; overflow-x: auto; font-size: 0.88em; overflow-wrap: normal; }
      .warnings { border-left: 4px solid var(--alert); margin-left: 0; padding: 0.4em 1.6em; } .warnings li { color: var(--alert); }
      .answers dt { font-weight: 600; margin-top: 0.6em; } .answers dd { margin: 0 0 0 1em; }
      figure { display: inline-block; width: min(600px, 100%); margin: 0.5em 1em 0.5em 0; vertical-align: top; } figcaption { font-size: 0.85em; color: var(--dim); }
      figure svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--dim); } svg .axis { font-size: 12px; fill: var(--ink); }
      svg .label { fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
      .swatch { width: 0.9em; height: 0.9em; vertical-align: -0.08em; }
      .grid { stroke: var(--faint); stroke-width: 1; } .line { fill: none; stroke: var(--accent); stroke-width: 2; } .border { fill: none; stroke: var(--dim); stroke-width: 1.5; stroke-dasharray: 4 3; }
      path.front { stroke: var(--paper); stroke-width: 1; } path.other { fill: none; stroke-width: 1.2; stroke-opacity: 0.6; } path.dense { fill: none; stroke: var(--ink); stroke-width: 2; }
      \(marks)
      .legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 0.2em 1.4em; }
      .kept { columns: 26em; column-gap: 2em; } details { break-inside: avoid; margin-bottom: 0.6em; } summary { cursor: pointer; }
      .row { display: flex; gap: 0.6em; align-items: center; font-size: 0.85em; } .row .name { flex: 0 1 11em; } .row .count { flex: 0 0 7em; text-align: right; font-variant-numeric: tabular-nums; }
      .bar { flex: 1 1 6em; height: 0.75em; background: var(--faint); } .bar span { display: block; height: 100%; }
      @media (max-width: 640px) {
        .wide thead { display: none; } .wide table, .wide tbody, .wide tr, .wide td { display: block; width: 100%; max-width: none; }
        .wide tr { border: 1px solid var(--faint); margin-bottom: 0.8em; padding: 0.3em 0; }
        .wide td { display: flex; justify-content: space-between; gap: 1em; border: 0; padding: 0.15em 0.7em; text-align: right; white-space: normal; }
        .wide td::before { content: attr(data-label); color: var(--dim); flex: 0 0 auto; max-width: 45%; text-align: left; }
        .wide td:has(> span:empty) { display: none; }
        figure svg text { font-size: 15px; } figure svg .axis { font-size: 16px; }
        .row .name { flex-basis: 8em; } .row .count { flex-basis: 6em; }
      }
      """
  }
}
