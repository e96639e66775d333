"""Times fine-tuning by `coppice prune` under several settings in turn; see scripts/benchmarks/threads."""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("coppice")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--epochs", type=float, default=0.5)
options = parser.parse_args()
SAMPLES = 60000
# Coppice sets nothing where either variable is there, so an undefined policy is written as GNU's own default.
POLICIES = {
    "Coppice's default": {},
    "OpenMP's default (300,000 spins)": {"GOMP_SPINCOUNT": "300000"},
    "passive": {"OMP_WAIT_POLICY": "passive"},
    "1,000 spins": {"GOMP_SPINCOUNT": "1000"},
    "10,000 spins": {"GOMP_SPINCOUNT": "10000"},
    "active": {"OMP_WAIT_POLICY": "active"},
}
CASES = [(1, "Coppice's default")] + [(2, policy) for policy in POLICIES]


def coppice(arguments, settings=None):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    environment.update(settings or {})
    outcome = subprocess.run([options.coppice, *arguments], env=environment, capture_output=True, text=True)
    if outcome.returncode != 0:
        sys.exit(outcome.stderr)
    return outcome.stderr


def images_per_second(folder, threads, settings):
    text = coppice(
        ["prune", folder / "base.onnx", "--data", "fashion-mnist", "--criterion", "l1", "--sparsity", "0.1",
         "--allow-near-chance", "--recalibration-batches", "1", "--validation", "500", "--fine-tune", str(options.epochs),
         "--threads", str(threads), "--timings", "-o", folder / "cut.onnx"], settings)
    return SAMPLES * options.epochs / float(re.search(r"fine-tune=([0-9.e+-]+)", text).group(1))


rates = {}
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    coppice(["train", "--network", "fashion-cnn", "--data", "fashion-mnist", "--epochs", "0.05", "-o", folder / "base.onnx"])
    for number in range(options.rounds):
        for threads, policy in CASES:
            for busy in (False, True):
                neighbour = busy and subprocess.Popen(["nice", "-n", "19", sys.executable, "-c", "while True: pass"])
                try:
                    rate = images_per_second(folder, threads, POLICIES[policy])
                finally:
                    if neighbour:
                        neighbour.kill()
                        neighbour.wait()
                rates.setdefault((threads, policy, busy), []).append(rate)
                print(f"round {number + 1}: {threads} threads, {policy}, {'beside' if busy else 'alone'}: {rate:.0f}/s",
                      file=sys.stderr, flush=True)

median = {case: statistics.median(values) for case, values in rates.items()}
one = median[1, CASES[0][1], False]
print("| threads | waiting | alone, images/s | beside one process | beside / one thread alone |")
print("| ---: | --- | ---: | ---: | ---: |")
for threads, policy in CASES:
    alone, beside = median[threads, policy, False], median[threads, policy, True]
    print(f"| {threads} | {policy} | {alone:,.0f} | {beside:,.0f} | {beside / one:.2f} |")
