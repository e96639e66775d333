"""The hypervolume of two searches over time: validation error, parameter ratio and latency ratio, reference (0.5, 1.1, 1.1).

usage: hypervolume.py PEER.json HISTORY.json SECONDS
PEER.json: rows of seconds, error, parameter ratio, MAC ratio, latency ratio. HISTORY.json: `coppice front --history --json`.
"""
import json
import sys

import moocore
import numpy as np

peer, history, seconds = json.load(open(sys.argv[1])), json.load(open(sys.argv[2])), float(sys.argv[3])
searches = {
    "peer": [[row[0], row[1], row[2], row[4]] for row in peer],
    "coppice": [
        [e["seconds"], 1 - e["accuracy"], e["parameters"]["ratio"], e["latency"]["ratio"]]
        for e in history
        if e["purpose"] == "trial" and e["status"] == "done" and e["latency"]
    ],
}


def volume(rows, until):
    points = np.array([row[1:] for row in rows if row[0] <= until])
    return moocore.hypervolume(points, ref=[0.5, 1.1, 1.1]) if len(points) else 0.0


print("| seconds | " + " | ".join(f"{name} evaluations | {name} hypervolume" for name in searches) + " | ratio |")
print("|---|" + "---|---|" * len(searches) + "---|")
for share in (0.1, 0.25, 0.5, 0.75, 1.0):
    # Work that was under way when the time ended counts at the end, as the peer counts its own.
    until = share * seconds if share < 1 else float("inf")
    cells = [(sum(row[0] <= until for row in rows), volume(rows, until)) for rows in searches.values()]
    ratio = cells[1][1] / cells[0][1] if cells[0][1] else float("nan")
    print(f"| {share * seconds:.0f} | " + " | ".join(f"{count} | {value:.3f}" for count, value in cells) + f" | {ratio:.2f} |")
