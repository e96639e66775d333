"""Times SHA-256 of Coppice, of `openssl speed` and of sha256sum in turn; see scripts/benchmarks/sha256."""

import argparse
import re
import statistics
import subprocess
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("coppice")
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--seconds", type=float, default=0.5)
options = parser.parse_args()
SIZES = {"64 B": 64, "1 KiB": 1 << 10, "64 KiB": 64 << 10, "64 MiB": 64 << 20}


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True)


def coppice(size):
    return float(run(options.coppice, str(size), str(options.seconds)).stdout)


def openssl(size):
    """Without a fetch of the algorithm and without an allocation for each digest."""
    seconds = str(max(1, round(options.seconds)))
    output = run("openssl", "speed", "-seconds", seconds, "-bytes", str(size), "-evp", "sha256").stdout
    return float(re.search(r"sha256\s+([\d.]+)k", output, re.IGNORECASE)[1]) * 1000


def sha256sum(size):
    """Of one file that is in memory; the start of the program counts."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(bytes(size))
        file.flush()
        started = time.perf_counter()
        run("sha256sum", file.name)
        return size / (time.perf_counter() - started)


print("| bytes at once | Coppice, MB/s | openssl speed, MB/s | sha256sum, MB/s | Coppice / openssl |")
print("|---|---:|---:|---:|---:|")
for name, size in SIZES.items():
    rounds = [(coppice(size), openssl(size), sha256sum(size) if size > 1 << 20 else None) for _ in range(options.rounds)]
    ours, theirs = (statistics.median(speeds[i] for speeds in rounds) / 1e6 for i in (0, 1))
    program = [speeds[2] / 1e6 for speeds in rounds if speeds[2]]
    third = f"{statistics.median(program):.0f}" if program else ""
    print(f"| {name} | {ours:.0f} | {theirs:.0f} | {third} | {ours / theirs:.2f} |", flush=True)
