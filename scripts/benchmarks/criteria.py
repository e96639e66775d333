"""Runs `coppice prune` once for each criterion and prints the table; see scripts/benchmarks/criteria."""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("coppice")
parser.add_argument("weights")
parser.add_argument("data")
parser.add_argument("out", type=pathlib.Path)
parser.add_argument("criteria", nargs="*")
parser.add_argument("--share", default="0.5")
parser.add_argument("--validation", default="5000")
parser.add_argument("--seed", default="0")
# Criteria may come before or behind the options.
options = parser.parse_intermixed_args()
options.out.mkdir(parents=True, exist_ok=True)


def known_criteria():
    """What the command itself lists."""
    text = subprocess.run([options.coppice, "prune", "--help"], capture_output=True, text=True).stdout
    words = re.search(r"--criterion <name>.*?\(values: ([^;)]*)", " ".join(text.split()))
    if not words:
        sys.exit("error: 'coppice prune --help' lists no criteria")
    return [word.strip() for word in words.group(1).split(",")]


def prune(criterion):
    """The command's own JSON and the seconds that it took, or None."""
    command = [
        options.coppice, "prune", "builtin:resnet20", "--weights", options.weights, "--data", "cifar10:" + options.data,
        "--validation-from", "test", "--validation", options.validation,
        "--input-mean", "0.485,0.456,0.406", "--input-std", "0.229,0.224,0.225",
        "--criterion", criterion, "--target", "macs", "--sparsity", options.share,
        "--recalibration-batches", "32", "--seed", options.seed, "--threads", "1", "--json", "-o", str(options.out / f"{criterion}.onnx"),
    ]
    start = time.monotonic()
    outcome = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if outcome.returncode != 0:
        return None
    (options.out / f"{criterion}.json").write_text(outcome.stdout)
    return json.loads(outcome.stdout), time.monotonic() - start


rows, failed = [], []
criteria = options.criteria or known_criteria()
for number, criterion in enumerate(criteria, 1):
    print(f"{number} of {len(criteria)}: {criterion}", file=sys.stderr, flush=True)
    result = prune(criterion)
    if result is None:
        failed.append(criterion)
        continue
    figures, seconds = result
    before, after = figures["before"], figures["after"]
    rows.append((
        after["accuracy"]["successes"] / after["accuracy"]["total"], criterion, after["macs"] / before["macs"],
        after["parameters"] / before["parameters"], after["loss"], seconds, before["accuracy"]))

rows.sort(reverse=True)
if rows:
    dense = rows[0][6]
    print(f"Dense: {dense['successes'] / dense['total']:.2%} of {dense['total']} validation images.\n")
print("| criterion | accuracy | loss | MACs left | parameters left | seconds |")
print("| --- | ---: | ---: | ---: | ---: | ---: |")
for accuracy, criterion, macs, parameters, loss, seconds, _ in rows:
    print(f"| {criterion} | {accuracy:.2%} | {loss:.3f} | {macs:.1%} | {parameters:.1%} | {seconds:.0f} |")
for criterion in failed:
    print(f"| {criterion} | failed | | | | |")
sys.exit(1 if failed else 0)
