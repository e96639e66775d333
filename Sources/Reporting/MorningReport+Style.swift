extension MorningReport {
  /// Follows the reader's choice of a light or dark screen.
  static let style = """
    :root { color-scheme: light dark; --ink: #1c1f23; --paper: #ffffff; --faint: #d9dde2; --accent: #1a7f4b; --dim: #7d8792; --alert: #9a5b00; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --paper: #16191c; --faint: #363c43; --accent: #4cc486; --dim: #8d97a2; --alert: #f0b455; } }
    body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1400px; margin: 2em auto; padding: 0 1em; }
    h1 { font-size: 1.6em; } h2 { font-size: 1.15em; margin-top: 2em; border-bottom: 1px solid var(--faint); }
    .wide { overflow-x: auto; } .wide table { width: max-content; } td { max-width: 34em; } table { border-collapse: collapse; margin: 0.8em 0; font-size: 0.92em; }
    th, td { text-align: left; padding: 0.25em 0.8em; border-bottom: 1px solid var(--faint); white-space: pre-wrap; vertical-align: top; }
    th { font-weight: 600; } .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    pre { background: color-mix(in srgb, var(--faint) 35%, transparent); padding: 0.8em; overflow-x: auto; font-size: 0.88em; }
    .warnings { border-left: 4px solid var(--alert); margin-left: 0; padding: 0.4em 1.6em; } .warnings li { color: var(--alert); }
    figure { display: inline-block; width: min(520px, 100%); margin: 0.5em 1em 0.5em 0; } figcaption { font-size: 0.85em; color: var(--dim); }
    svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--dim); } svg .axis { font-size: 12px; fill: var(--ink); }
    .grid { stroke: var(--faint); stroke-width: 1; } .line { fill: none; stroke: var(--accent); stroke-width: 2; }
    .other { fill: var(--dim); fill-opacity: 0.45; } .front { fill: var(--accent); } .dense { fill: none; stroke: var(--ink); stroke-width: 2; }
    """
}
