"""Checks networks that Coppice wrote: onnx.checker with full shape inference, and equality with the network they were read from.

Usage: check_exported.py FOLDER (needs onnx, onnxruntime and numpy). FOLDER holds NAME.exported.onnx and, for those that were
imported, NAME.original.onnx (with its external data); both run in ONNX Runtime on the same random input.
"""
import glob
import os
import sys

import numpy as np
import onnx
import onnxruntime

onnxruntime.set_default_logger_severity(3)


def run(path, feeds):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, feeds)


checked = compared = 0
for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.exported.onnx"))):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, strict_mode=True)
    assert model.producer_name == "coppice" and model.ir_version in (8, 9)
    checked += 1
    original = path.replace(".exported.", ".original.")
    if not os.path.exists(original):
        continue
    kinds = {i.name: i.type.tensor_type.elem_type for i in onnx.load(original, load_external_data=False).graph.input}
    rng = np.random.default_rng(1)
    feeds = {}
    for value in model.graph.input:
        shape = [d.dim_value or 2 for d in value.type.tensor_type.shape.dim]
        feeds[value.name] = rng.standard_normal(shape).astype(np.float32)
    theirs = run(original, {k: v.astype(onnx.helper.tensor_dtype_to_np_dtype(kinds[k])) for k, v in feeds.items()})
    ours = run(path, feeds)
    exact = all(kinds[k] == onnx.TensorProto.FLOAT for k in feeds)
    for a, b in zip(theirs, ours, strict=True):
        assert a.shape == b.shape, (path, a.shape, b.shape)
        np.testing.assert_allclose(a, b, rtol=1e-5 if exact else 2e-3, atol=1e-6 if exact else 2e-3, err_msg=path)
    compared += 1
print(f"checked {checked} compared {compared}")
