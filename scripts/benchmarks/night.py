"""Runs the two searches, kills workers in the second, and judges; see scripts/benchmarks/night.

What a search decides may depend on the order in which results come, and deaths change that order. So that both searches must end
with the same evaluations, the spec leaves nothing to that order: the sampler is random (a plan by its number), the trials are
counted, and the constraint on parameters, which no training heals, leaves fewer trials (about a sixth) than the third that may go on. All of
those are trained in the end and no other is, whichever came first.
"""

import argparse
import json
import lzma
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import time

# What two cores finish in a minute, trained evaluations counted, undisturbed.
TRIALS_PER_MINUTE = 7
SAMPLE_SECONDS = 5

parser = argparse.ArgumentParser()
parser.add_argument("--coppice", required=True, type=pathlib.Path)
parser.add_argument("--minutes", type=float, default=30, help="about how long each of the two searches takes")
parser.add_argument("--trials", type=int, help="instead of the minutes")
parser.add_argument("--kill-every", type=float, default=60, help="seconds between the deaths of workers")
parser.add_argument("--disk", default="200MB")
parser.add_argument("--memory", default="1GB")
parser.add_argument("--samples", type=int, default=5000, help="training and validation samples; fewer for a quick look")
parser.add_argument("--seed", type=int, default=7)
parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("coppice-out/night"))
options = parser.parse_args()
options.out = options.out.resolve()
trials = options.trials or max(9, round(options.minutes * TRIALS_PER_MINUTE))


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def number_of_bytes(text):
    value, unit = re.fullmatch(r"([0-9.]+) *([kKMGT]?i?B)", text).groups()
    base = 1024 if "i" in unit else 1000
    return round(float(value) * base ** " KMGT".index(unit[0].upper() if unit != "B" else " "))


def shared(*names):
    """The first of the names below the places where data may be."""
    places = []
    if os.environ.get("COPPICE_DATA"):
        places += [pathlib.Path(os.environ["COPPICE_DATA"]), pathlib.Path(os.environ["COPPICE_DATA"]).parent]
    places.append(pathlib.Path(__file__).resolve().parents[3] / "shared")
    for place in places:
        for name in names:
            if (place / name).exists():
                return (place / name).resolve()
    sys.exit(f"error: there is no {names[0]} in {', '.join(map(str, places))}. Set COPPICE_DATA to the folder that holds it.")


def unpacked(folder):
    """The data as plain files: every engine that is replaced reads them anew, and unpacking would be most of its start."""
    plain = options.out / "cifar-10"
    plain.mkdir(parents=True, exist_ok=True)
    for name in [f"data_batch_{number}.bin" for number in range(1, 6)] + ["test_batch.bin"]:
        if (plain / name).exists():
            continue
        source = folder / name
        if source.exists():
            (plain / name).symlink_to(source)
            continue
        say(f"unpacking {name}")
        part = plain / (name + ".part")
        part.write_bytes(lzma.open(folder / (name + ".xz")).read())
        part.rename(plain / name)
    return plain


def spec_text():
    return f"""\
coppice: 1
study: night
network: {{builtin: resnet20, weights: {shared("models/resnet20_cifar10.safetensors", "resnet20_cifar10.safetensors")}}}
data: {{format: cifar10, path: {unpacked(shared("cifar-10", "data/cifar-10"))}}}
input: {{scale: 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}}
split: {{train: {options.samples}, validation: {options.samples}, seed: 0}}
expect: {{accuracy: 0.8}}
objectives: [accuracy, parameters]
space:
  criterion: [l1, l2, taylor, bn-scale, fpgm, random]
  granularity: [channel, element]
  scope: per-group
  sparsity: {{min: 0.05, max: 0.6}}
fine-tune: {{rungs: [0, 1], samples-per-epoch: {options.samples * 2 // 5}, learning-rate: 0.01}}
sampler: random
sensitivity: true
constraints: ["parameters <= 0.42 baseline"]
budget: {{trials: {trials}}}
workers: 2
limits: {{disk: {options.disk}, memory: {options.memory}}}
seed: {options.seed}
"""


# MARK: what runs


def children(process):
    """The processes whose parent has this id, by their ids."""
    found = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            with open(f"/proc/{entry.name}/stat") as file:
                # The name may hold spaces and brackets itself.
                state, parent = file.read().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == process and state != "Z":
            found.append(int(entry.name))
    return sorted(found)


def resident_bytes(process):
    try:
        with open(f"/proc/{process}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0


def folder_bytes(folder):
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except FileNotFoundError:
                pass
    return total


class Study:
    """One of the two searches, in a folder of its own."""

    def __init__(self, name):
        self.name = name
        self.folder = options.out / name
        self.spec = options.out / "night.yaml"
        self.samples = options.out / f"{name}.samples.jsonl"

    def query(self, sql):
        """Rows of the study's database, also while it is written; none before there is one."""
        database = self.folder / "study.sqlite"
        if not database.exists():
            return []
        try:
            connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
            try:
                return connection.execute(sql).fetchall()
            finally:
                connection.close()
        except sqlite3.OperationalError:
            return []

    @property
    def is_finished(self):
        return self.query("SELECT finished FROM study") == [(1,)]

    @property
    def finished_evaluations(self):
        return sum(count for count, in self.query("SELECT count(*) FROM evaluations WHERE status = 'done'"))

    def run(self, kill_every=None):
        if self.is_finished:
            return say(f"{self.name}: finished already")
        words = [str(options.coppice), "search", str(self.spec), "--output", str(self.folder)]
        if (self.folder / "study.sqlite").exists():
            words.append("--resume")
        with open(options.out / f"{self.name}.log", "a") as log:
            search = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                self.watch(search, kill_every)
            except BaseException:
                # It ends in good order, so that it can go on later.
                search.send_signal(signal.SIGINT)
                search.wait()
                raise
        if search.returncode != 0:
            sys.exit(f"error: the search ended with status {search.returncode}; see {log.name}, then start again to go on.")

    def watch(self, search, kill_every):
        """Samples and, where asked, kills until the search ends by itself."""
        begun, before = time.monotonic(), self.finished_evaluations
        next_kill = begun + kill_every if kill_every else float("inf")
        next_line, kills = begun, 0
        with open(self.samples, "a") as samples:
            while search.poll() is None:
                workers = children(search.pid)
                engines = {engine: resident_bytes(engine) for worker in workers for engine in children(worker)}
                if time.monotonic() >= next_kill and workers:
                    victim = workers[kills % len(workers)]
                    os.kill(victim, signal.SIGKILL)
                    kills += 1
                    next_kill += kill_every
                json.dump(
                    {"disk": folder_bytes(self.folder), "engines": engines, "kills": kills, "begun": begun}, samples)
                samples.write("\n")
                samples.flush()
                now = time.monotonic()
                if now >= next_line:
                    self.tell(now - begun, before, engines, kills)
                    next_line = now + 30
                try:
                    search.wait(min(SAMPLE_SECONDS, max(0.1, next_kill - now)))
                except subprocess.TimeoutExpired:
                    pass

    def tell(self, seconds, before, engines, kills):
        finished = self.finished_evaluations
        # The scan, the baseline and the sealed tests are in the books once they are to be made; trials come one by one.
        others = sum(count for count, in self.query("SELECT count(*) FROM evaluations WHERE purpose != 'trial'"))
        expected = others + trials * 7 // 6
        parts = [f"{self.name}: {finished} evaluations"]
        if finished > before and seconds > 60:
            left = max(0, expected - finished) * seconds / (finished - before)
            parts.append(f"about {left / 60:.0f} min left")
        parts.append(f"disk {folder_bytes(self.folder) / 1e6:.0f} MB")
        parts.append("engines " + " ".join(f"{size / 1e6:.0f}" for size in engines.values()) + " MB")
        if kills:
            parts.append(f"{kills} workers killed")
        say(", ".join(parts))

    # MARK: what came of it

    def history(self):
        text = subprocess.run(
            [str(options.coppice), "front", str(self.folder), "--history", "--json"], check=True, capture_output=True, text=True
        ).stdout
        return json.loads(text)

    def figures(self):
        """The accuracy and loss of each finished evaluation of a trial, by plan and rung, and of each scanned group."""
        trials, groups = {}, {}
        for row in self.history():
            if row["status"] != "done":
                continue
            found = (row["accuracy"], row["loss"])
            if row["purpose"] == "scan":
                groups[row["rung"], row["scan"]["group"]] = found
            else:
                trials[row["plan_id"], row["rung"]] = found
        return trials, groups

    def given_up(self):
        return self.query("SELECT trial, rung, purpose FROM evaluations WHERE status = 'quarantined'")

    def peaks(self):
        rows = [json.loads(line) for line in self.samples.read_text().splitlines()]
        disk = max(row["disk"] for row in rows)
        memory = max((size for row in rows for size in row["engines"].values()), default=0)
        kills = {row["begun"]: row["kills"] for row in rows}
        return disk, memory, sum(kills.values())


# MARK: the verdict

failures = 0


def verdict(holds, text):
    global failures
    failures += not holds
    print(("holds   " if holds else "BROKEN  ") + text)


def differing(first, second):
    return sum(first.get(key) != second.get(key) for key in first.keys() | second.keys())


def judge(calm, killed):
    (calm_trials, calm_scan), (killed_trials, killed_scan) = calm.figures(), killed.figures()
    rungs = [sum(rung == number for _, rung in calm_trials) for number in (0, 1)]
    third = (rungs[0] + 2) // 3
    print()
    for study in (calm, killed):
        disk, memory, kills = study.peaks()
        attempts = sum(count for count, in study.query("SELECT sum(attempts) FROM evaluations"))
        [(elapsed,)] = study.query("SELECT elapsed FROM study")
        print(
            f"{study.name}: {elapsed / 60:.1f} min, {study.finished_evaluations} evaluations in {attempts} attempts, "
            f"{kills} workers killed, disk at most {disk / 1e6:.1f} MB, an engine's memory at most {memory / 1e6:.0f} MB")
    print()
    verdict(killed.peaks()[2] > 0, f"workers were killed: {killed.peaks()[2]}")
    for study in (calm, killed):
        given_up = study.given_up()
        verdict(not given_up, f"{study.name}: nothing given up: {len(given_up)} evaluations quarantined")
    verdict(
        bool(calm_scan) and differing(calm_scan, killed_scan) == 0,
        f"the same sensitivity scan: {len(calm_scan)} and {len(killed_scan)} groups, "
        f"{differing(calm_scan, killed_scan)} differ")
    verdict(
        calm_trials.keys() == killed_trials.keys() and rungs[0] == trials,
        f"the same plans finished: {len(calm_trials)} and {len(killed_trials)} evaluations, "
        f"{len(calm_trials.keys() ^ killed_trials.keys())} in one search only")
    common = calm_trials.keys() & killed_trials.keys()
    unequal = sum(calm_trials[key] != killed_trials[key] for key in common)
    verdict(bool(common) and unequal == 0, f"equal accuracies and losses: {len(common)} compared, {unequal} differ")
    verdict(
        0 < rungs[1] < third,
        f"no decision hung on the order of results: {rungs[1]} of {rungs[0]} trials were trained, fewer than {third}")
    disk_limit, memory_limit = number_of_bytes(options.disk), number_of_bytes(options.memory)
    for study in (calm, killed):
        disk, memory, _ = study.peaks()
        verdict(disk <= disk_limit, f"{study.name}: disk within {options.disk}: {disk / 1e6:.1f} MB at most")
        # An engine is replaced when it is found above the limit, so it may have been above it for a step.
        verdict(
            memory <= 1.1 * memory_limit,
            f"{study.name}: every engine's memory within {options.memory} and a tenth: {memory / 1e6:.0f} MB at most")
    return 1 if failures else 0


def main():
    options.out.mkdir(parents=True, exist_ok=True)
    text, path = spec_text(), options.out / "night.yaml"
    if path.exists() and path.read_text() != text:
        sys.exit(f"error: {options.out} holds a night with another spec. Remove the folder, or choose another by --out.")
    path.write_text(text)
    calm, killed = Study("undisturbed"), Study("killed")
    say(f"{trials} trials, undisturbed")
    calm.run()
    say(f"the same, a worker killed every {options.kill_every:.0f} s")
    killed.run(options.kill_every)
    return judge(calm, killed)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
try:
    sys.exit(main())
except KeyboardInterrupt:
    say("stopped; start again with the same words to go on")
    sys.exit(130)
