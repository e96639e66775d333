"""Writes the node tests of the installed onnx package into a folder, a folder each."""

import importlib
import pkgutil
import sys
import warnings
from pathlib import Path

import numpy
import onnx
import onnx.backend.test.case.node as node_cases
import onnx.backend.test.loader  # noqa: F401  (registers what the cases need)
from onnx import numpy_helper


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


def main():
    warnings.filterwarnings("ignore")
    target = Path(sys.argv[1])
    for module in pkgutil.iter_modules(node_cases.__path__):
        importlib.import_module(f"{node_cases.__name__}.{module.name}")
    cases = node_cases._NodeTestCases
    for case in cases:
        folder = target / case.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.onnx").write_bytes(case.model.SerializeToString())
        for number, (inputs, outputs) in enumerate(case.data_sets):
            data = folder / f"test_data_set_{number}"
            data.mkdir(exist_ok=True)
            write(data, inputs, case.model.graph.input, "input")
            write(data, outputs, case.model.graph.output, "output")
    print(f"{len(cases)} cases in {target}")


main()
