"""Writes the safetensors and NPZ files that ArrayFileTests reads. Usage: make_arrays.py OUT_DIR (needs numpy and safetensors)."""
import os
import sys

import numpy as np
from safetensors.numpy import save_file

OUT = sys.argv[1]
arrays = {
    "a.weight": np.arange(6, dtype=np.float32).reshape(2, 3) / 4,
    "b.half": np.array([0.5, -2, 65504], np.float16),
    "c.long": np.array([[1], [-2], [2**62]], np.int64),
    "d.byte": np.array([0, 127, 255], np.uint8),
    "e.flag": np.array([True, False]),
    "f.scalar": np.array(-1.5, np.float64),
    "g.empty": np.zeros((0, 3), np.float32),
}
save_file(arrays, os.path.join(OUT, "arrays.safetensors"), metadata={"format": "np", "note": "a test"})
np.savez(os.path.join(OUT, "arrays_stored.npz"), **arrays)
columns = {k: np.array(v, order="F") for k, v in arrays.items()}  # asfortranarray would give the scalar an axis
columns["h.cube"] = np.asfortranarray(np.arange(24, dtype=np.int16).reshape(2, 3, 4))
np.savez_compressed(os.path.join(OUT, "arrays_deflated_columns.npz"), **columns)
np.savez(os.path.join(OUT, "big_endian.npz"), x=np.arange(3, dtype=">f4"))
np.savez(os.path.join(OUT, "objects.npz"), x=np.array([{"a": 1}, None], dtype=object))
