"""Runs exported test cases of the ONNX project on the cases' own data.

Usage: check_cases.py EXPORTED CASES (needs onnx, onnxruntime and numpy). EXPORTED holds NAME.onnx for folders NAME of CASES. A case counts as right when
ONNX Runtime or the reference evaluator gives the expected results, and as open when neither does with the case's own network.
"""
import glob
import os
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)
warnings.filterwarnings("ignore")


def tensors(folder, kind):
    paths = glob.glob(os.path.join(folder, kind + "_*.pb"))
    return [numpy_helper.to_array(onnx.load_tensor(p)) for p in sorted(paths, key=lambda p: int(p.split("_")[-1][:-3]))]


def is_equal(result, expected):
    result = np.asarray(result)
    if result.shape != expected.shape or result.dtype != expected.dtype:
        return False
    if expected.dtype.kind in "biu":
        return bool((result == expected).all())
    return np.allclose(result.astype(np.float64), expected.astype(np.float64), rtol=1e-3, atol=1e-3, equal_nan=True)


def is_right(path, inputs, outputs, with_runtime):
    try:
        model = onnx.load(path)
        held = {t.name for t in model.graph.initializer}
        feeds = dict(zip([i.name for i in model.graph.input if i.name not in held], inputs))
        if with_runtime:
            results = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, feeds)
        else:
            results = ReferenceEvaluator(model).run(None, feeds)
        return len(results) == len(outputs) and all(map(is_equal, results, outputs))
    except Exception:  # noqa: BLE001  (an engine that lacks an operator says so in its own way)
        return False


right, wrong, unknown = 0, [], 0
for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.onnx"))):
    name = os.path.basename(path)[:-5]
    folder = os.path.join(sys.argv[2], name)
    data = os.path.join(folder, "test_data_set_0")
    inputs, outputs = tensors(data, "input"), tensors(data, "output")
    if any(is_right(path, inputs, outputs, engine) for engine in (True, False)):
        right += 1
    elif any(is_right(os.path.join(folder, "model.onnx"), inputs, outputs, engine) for engine in (True, False)):
        wrong.append(name)
    else:
        unknown += 1
print(f"right {right} open {unknown} wrong {len(wrong)}: {' '.join(wrong)}")
