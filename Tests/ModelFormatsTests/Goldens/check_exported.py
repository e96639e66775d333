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
    assert model.producer_name == "coppice" and 8 <= model.ir_version <= 13
    checked += 1
    original = path.replace(".exported.", ".original.")
    if not os.path.exists(original):
        continue
    types = {i.name: i.type.tensor_type for i in onnx.load(original, load_external_data=False).graph.input}
    rng = np.random.default_rng(1)
    ours, theirs = {}, {}
    for value in model.graph.input:
        # A size that one of the two fixes, else 2.
        pairs = zip(value.type.tensor_type.shape.dim, types[value.name].shape.dim)
        shape = [ours_dim.dim_value or max(theirs_dim.dim_value, 0) or 2 for ours_dim, theirs_dim in pairs]
        data = rng.standard_normal(shape)
        ours[value.name] = data.astype(onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type))
        theirs[value.name] = data.astype(onnx.helper.tensor_dtype_to_np_dtype(types[value.name].elem_type))
    exact = all(types[k].elem_type != onnx.TensorProto.FLOAT16 for k in theirs)
    for a, b in zip(run(original, theirs), run(path, ours), strict=True):
        assert a.shape == b.shape, (path, a.shape, b.shape)
        np.testing.assert_allclose(a, b, rtol=1e-5 if exact else 2e-3, atol=1e-6 if exact else 2e-3, err_msg=path)
    compared += 1
print(f"checked {checked} compared {compared}")
