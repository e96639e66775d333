"""Exports torchvision's classification networks and holds Coppice's import, pruning and export to ONNX Runtime's numbers."""

import argparse
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy
import onnxruntime
import torch

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

# torchvision registers its own operators with a CUDA build of torch only; classification needs none of them.
operators = torch.library.Library("torchvision", "DEF")
for name in ("nms", "qnms"):
    operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import torchvision  # noqa: E402

TOLERANCE = 1e-4


def awaken(network):
    """Numbers for what starts as 0 or nearly so: with fresh ones most outputs vanish, or blocks that pass nothing on, and any
    two networks are equal."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
        if isinstance(module, (torch.nn.BatchNorm2d, torch.nn.LayerNorm)):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.1)
        if isinstance(getattr(module, "layer_scale", None), torch.nn.Parameter):
            torch.nn.init.uniform_(module.layer_scale, 0.1, 0.5)
    for parameter in network.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.02)


def export(name, exporter, folder):
    torch.manual_seed(0)
    network = torchvision.models.get_model(name, weights=None).eval()
    awaken(network)
    size = 299 if name == "inception_v3" else 224
    image = torch.randn(2, 3, size, size)
    path = folder / "network.onnx"
    common = dict(input_names=["input"], output_names=["logits"])
    with open(os.devnull, "w") as quiet:
        stdout, sys.stdout = sys.stdout, quiet
        try:
            if exporter == "script":
                torch.onnx.export(
                    network, (image,), str(path), dynamo=False, opset_version=17,
                    dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}}, **common)
            else:
                torch.onnx.export(
                    network, (image,), str(path), dynamo=True,
                    dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=64)},), **common)
        finally:
            sys.stdout = stdout
    return path


def session(path):
    onnxruntime.set_default_logger_severity(4)
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def sizes_to_try():
    """Sizes for axes that a file leaves open, until ONNX Runtime takes them: the first axis of an input is a batch of one."""
    for size in (1, 2, 16, 32, 64, 100, 128, 224, 320, 512, 576, 1024, 16000):
        yield size, size
        # States beside the first input have a batch, too, but not in front.
        yield size, 1


def arrays(network, open_sizes, values, previous={}):
    """Seeded inputs; an axis that was open keeps the size that it has in `previous`."""
    generator = numpy.random.default_rng(1)
    result = {}

    def usual(name, place, open_size):
        # An axis that is open now and had a size before keeps it.
        return previous[name].shape[place] if name in previous else (1 if place == 0 else open_size)

    for position, info in enumerate(network.get_inputs()):
        open_size = open_sizes[min(position, 1)]
        if info.name in values:
            result[info.name] = numpy.array(values[info.name], dtype="int64")
            continue
        shape = [
            axis if isinstance(axis, int) and axis > 0 else values.get(axis, usual(info.name, place, open_size))
            for place, axis in enumerate(info.shape)]
        if "int" in info.type:
            dtype = info.type.split("(")[1][:-1]
            result[info.name] = generator.integers(0, 5, shape).astype(dtype)
        elif "bool" in info.type:
            result[info.name] = generator.integers(0, 2, shape).astype(bool)
        else:
            dtype = {"tensor(float16)": "float16", "tensor(double)": "float64"}.get(info.type, "float32")
            result[info.name] = generator.standard_normal(shape).astype(dtype)
    return result


def feasible_inputs(network, values):
    failure = None
    for size in sizes_to_try():
        feed = arrays(network, size, values)
        try:
            return feed, network.run(None, feed), size
        except Exception as error:
            failure = error
    raise RuntimeError(f"ONNX Runtime refuses every size of the open axes: {failure}")


def command(arguments):
    started = time.time()
    outcome = subprocess.run([str(word) for word in arguments], capture_output=True, text=True)
    if outcome.returncode != 0:
        lines = outcome.stderr.strip().splitlines() or ["no message"]
        raise RuntimeError(lines[0] if outcome.returncode > 0 else f"signal {-outcome.returncode}: {lines[-1]}")
    return outcome.stdout, time.time() - started


def ours(coppice, path, folder, feed, names, values):
    numpy.savez(folder / "in.npz", **{name: array for name, array in feed.items() if name not in values})
    settings = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
    command([coppice, "run", path, "--inputs", folder / "in.npz", "--outputs", folder / "out.npz", *settings])
    results = numpy.load(folder / "out.npz")
    return [results[name] for name in names]


def difference(left, right):
    """The largest difference of all outputs, relative to the largest number among them."""
    scale = max((numpy.abs(b[numpy.isfinite(b)]).max(initial=0) for b in right if b.dtype.kind == "f"), default=0)
    worst = 0.0
    for a, b in zip(left, right, strict=True):
        if a.shape != b.shape or a.dtype.kind != b.dtype.kind:
            return float("inf")
        a, b = a.astype("float64"), b.astype("float64")
        finite = numpy.isfinite(b)
        if (numpy.isfinite(a) != finite).any():
            return float("inf")
        worst = max(worst, float(numpy.abs(a - b)[finite].max(initial=0) / (scale if scale > 0 else 1)))
    return worst


def check(row, path, folder, arguments, values):
    row["step"] = "run in ONNX Runtime"
    dense = session(path)
    feed, expected, open_sizes = feasible_inputs(dense, values)
    names = [info.name for info in dense.get_outputs()]
    row["step"] = "read and run"
    row["difference"] = difference(ours(arguments.coppice, path, folder, feed, names, values), expected)
    del dense
    row["step"] = "prune"
    small, masked = folder / "small.onnx", folder / "masked.onnx"
    settings = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
    text, row["seconds"] = command(
        [arguments.coppice, "prune", path, "--sparsity", arguments.sparsity, "--criterion", "l1", "--scope", "local",
         "--granularity", arguments.granularity, "-o", small, "--masked", masked, "--json", *settings])
    report = json.loads(text)
    kept, units = (sum(group[key] for group in report["groups"]) for key in ("kept", "all"))
    row["channels"] = kept / units if units else 1
    row["parameters"] = report["after"]["parameters"] / max(report["before"]["parameters"], 1)
    row["step"] = "run the smaller one"
    pruned = session(small)
    small_feed = arrays(pruned, open_sizes, values, previous=feed)
    result = pruned.run(None, small_feed)
    row["pruned difference"] = difference(ours(arguments.coppice, small, folder, small_feed, names, {}), result)
    row["step"] = "compare with the masked one"
    network = session(masked)
    # It takes and gives states in the smaller one's shapes, so both get the same numbers.
    row["masked difference"] = difference(network.run(None, small_feed), result)
    row["step"] = "done"
    differences = [row[key] for key in ("difference", "pruned difference", "masked difference")]
    row["passed"] = max(differences) <= TOLERANCE and (row["channels"] <= 0.75 or units == 0 or bool(arguments.files))


def attempt(row, arguments, values, make):
    folder = Path(tempfile.mkdtemp(prefix="coppice-zoo-"))
    try:
        row["step"] = "export"
        check(row, make(folder), folder, arguments, values)
    except Exception as error:
        row["passed"] = False
        row["error"] = f"{row['step']}: {error}"[:400]
    finally:
        shutil.rmtree(folder)
    return row


def line(row):
    def number(key, form):
        return format(row[key], form) if key in row else ""

    return (
        f"| {row['network']} | {row['exporter']} | {number('difference', '.1e')} | {number('channels', '.2f')} "
        f"| {number('parameters', '.2f')} | {number('pruned difference', '.1e')} | {number('masked difference', '.1e')} "
        f"| {number('seconds', '.1f')} | {'yes' if row['passed'] else 'NO'} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--coppice", required=True)
    parser.add_argument("--networks", default="all")
    parser.add_argument("--exporters", default="script,dynamo")
    parser.add_argument("--sparsity", default="0.5")
    parser.add_argument("--granularity", default="channel")
    parser.add_argument("--json")
    parser.add_argument("--files", nargs="*", default=[])
    parser.add_argument("--set", action="append", default=[])
    arguments = parser.parse_args()
    torch.set_num_threads(max(1, os.cpu_count() or 1))
    values = dict(entry.rsplit("=", 1) for entry in arguments.set)
    values = {name: int(value) for name, value in values.items()}
    print("| network | exporter | difference | channels kept | parameters | pruned | masked | seconds | equal |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    rows = []

    def note(row):
        rows.append(row)
        print(line(row), flush=True)
        if arguments.json:
            Path(arguments.json).write_text(json.dumps(rows, indent=1))

    for file in arguments.files:
        inputs = session(file).get_inputs()
        names = {info.name for info in inputs} | {axis for info in inputs for axis in info.shape}
        wanted = {name: value for name, value in values.items() if name in names}
        note(attempt({"network": Path(file).stem, "exporter": "file"}, arguments, wanted, lambda _, file=file: Path(file)))
    names = [] if arguments.files else torchvision.models.list_models(module=torchvision.models)
    if arguments.networks != "all":
        names = arguments.networks.split(",")
    for name in names:
        for exporter in arguments.exporters.split(","):
            row = {"network": name, "exporter": exporter}
            note(attempt(row, arguments, {}, lambda folder, n=name, e=exporter: export(n, e, folder)))
    failed = [row for row in rows if not row["passed"]]
    for row in failed:
        print(f"{row['network']} ({row['exporter']}): {row.get('error', 'the numbers differ, or too little left')}")
    print(f"{len(rows) - len(failed)} of {len(rows)} equal, differences relative to the largest output, tolerance {TOLERANCE}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
