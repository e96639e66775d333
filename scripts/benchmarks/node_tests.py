"""Writes the node tests of the installed onnx package into a folder, a folder each; see scripts/benchmarks/node-tests."""

import argparse
import importlib
import pkgutil
import subprocess
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import ml_dtypes
import numpy
import onnx
import onnx.backend.test.case.node as node_cases
import onnx.backend.test.loader  # noqa: F401  (registers what the cases need)
from onnx import numpy_helper

RESOLUTION = {"float16": 2**-10, "bfloat16": 2**-7}


def proto(value, info):
    kind = info.type.WhichOneof("value")
    if kind == "sequence_type":
        return numpy_helper.from_list(value, info.name)
    if kind == "optional_type":
        return numpy_helper.from_optional(value, info.name)
    if isinstance(value, onnx.TensorProto):
        return value
    return numpy_helper.from_array(value if hasattr(value, "dtype") else numpy.array(value), info.name)


def write(folder, values, infos, kind):
    for position, (value, info) in enumerate(zip(values, infos)):
        (folder / f"{kind}_{position}.pb").write_bytes(proto(value, info).SerializeToString())


def plain(values, infos):
    """The arrays of a case by name, or None where one of them is none that a .npz file can hold: text, a list, an optional, or
    of floating-point types of 8 and fewer bits or integers of fewer than 8. numpy stores bfloat16 as its bits."""
    arrays = {}
    for value, info in zip(values, infos, strict=True):
        value = numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value
        if info.type.WhichOneof("value") != "tensor_type" or isinstance(value, list) or value is None:
            return None
        value = numpy.asarray(value)
        if value.dtype != ml_dtypes.bfloat16 and (value.dtype.kind not in "fiub" or value.dtype.type.__module__ != "numpy"):
            return None
        arrays[info.name] = value
    return arrays


def difference(case, given, expected):
    """What is wrong with the arrays that came back: names, types, sizes, then numbers, as close as the case asks."""
    for name, right in expected.items():
        if name not in given:
            return f"'{name}' did not come back"
        result = given[name]
        if right.dtype == ml_dtypes.bfloat16 and result.dtype.itemsize == 2 and result.dtype.kind in "Vu":
            result = result.view(ml_dtypes.bfloat16)
        if (result.dtype, result.shape) != (right.dtype, right.shape):
            return f"'{name}' is {result.dtype}{list(result.shape)} instead of {right.dtype}{list(right.shape)}"
        # Expected numbers of 16 bits come from 16-bit intermediate ones; ours are float32 until the end.
        close = max(case.rtol, 2 * RESOLUTION.get(right.dtype.name, 0))
        result, right = result.astype("float64"), right.astype("float64")
        # Sums that are to vanish keep the rounding of what they add up.
        largest = numpy.abs(right[numpy.isfinite(right)]).max(initial=0)
        if not numpy.allclose(result, right, close, case.atol + 2**-21 * largest, equal_nan=True):
            return f"'{name}' differs"
    return None


def run(coppice, case, folder):
    """One case through `coppice run`: the verdict and its reason."""
    for inputs, outputs in case.data_sets:
        feed, expected = plain(inputs, case.model.graph.input), plain(outputs, case.model.graph.output)
        if feed is None or expected is None:
            return "no arrays", "it holds what no .npz file can"
        result = folder / "out.npz"
        result.unlink(missing_ok=True)
        numpy.savez(folder / "in.npz", **feed)
        words = [coppice, "run", "--threads", "1", folder / "model.onnx", "--inputs", folder / "in.npz", "--outputs", result]
        outcome = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120)
        if outcome.returncode:
            return "refused", (outcome.stderr.strip().splitlines() or [f"exit status {outcome.returncode}"])[0]
        if reason := difference(case, numpy.load(result), expected):
            return "failed", reason
    return "passed", ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--run", metavar="COPPICE")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    for module in pkgutil.iter_modules(node_cases.__path__):
        importlib.import_module(f"{node_cases.__name__}.{module.name}")
    cases, verdicts, started = node_cases._NodeTestCases, Counter(), time.time()
    for place, case in enumerate(cases, 1):
        folder = arguments.folder / case.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.onnx").write_bytes(case.model.SerializeToString())
        for number, (inputs, outputs) in enumerate(case.data_sets):
            data = folder / f"test_data_set_{number}"
            data.mkdir(exist_ok=True)
            write(data, inputs, case.model.graph.input, "input")
            write(data, outputs, case.model.graph.output, "output")
        if arguments.run:
            verdict, reason = run(arguments.run, case, folder)
            verdicts[verdict] += 1
            if verdict in ("failed", "refused"):
                print(f"{case.name}: {verdict}: {reason}", flush=True)
            if place % 100 == 0:
                left = (time.time() - started) / place * (len(cases) - place)
                print(f"{place} of {len(cases)}, about {left:.0f} s left", file=sys.stderr, flush=True)
    print(f"{len(cases)} cases in {arguments.folder}")
    if arguments.run:
        tried = len(cases) - verdicts["no arrays"]
        print(f"through 'coppice run': {dict(verdicts)}; {verdicts['passed'] / tried:.1%} of the {tried} that are arrays passed")


main()
