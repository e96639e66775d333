"""Writes node-cases.jsonl: the onnx package's test cases of single operators, with types, shapes and small values.

The shape rules and the evaluation of constants are held to it. Run with the onnx package (1.23) installed:
python make_node_cases.py
"""

import base64
import importlib
import json
import pathlib
import pkgutil
import warnings

import numpy as np
import onnx
import onnx.backend.test.case.node as cases
import onnx.backend.test.loader  # noqa: F401
from onnx import defs, helper, numpy_helper

TYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16",
    11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
}
# Values are written for the inputs and outputs of these; for others only those of integers, which say shapes.
EVALUATED = set(
    """Shape Size Identity Cast CastLike BitCast Constant Gather GatherND GatherElements ScatterND ScatterElements
    Concat Slice Split Squeeze Unsqueeze Reshape Flatten Transpose Expand Tile Range ConstantOfShape Where Equal Less
    LessOrEqual Greater GreaterOrEqual And Or Xor Not Add Sub Mul Div Mod Pow Min Max Sum Mean Neg Abs Sqrt Floor Ceil
    Round Exp Log Reciprocal Erf Sign Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh IsNaN IsInf BitwiseAnd
    BitwiseOr BitwiseXor BitwiseNot BitShift Clip ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2
    ReduceSumSquare ReduceLogSum ReduceLogSumExp Pad Trilu CumSum CumProd EyeLike OneHot ArgMax ArgMin TopK NonZero
    DequantizeLinear Compress Dropout PRelu Relu Sigmoid Tanh Softplus SwiGLU""".split())
VALUES = 192


def as_array(value, info):
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value), value.data_type
    array = np.asarray(value)
    return array, info.type.tensor_type.elem_type


def described(value, info, with_value):
    array, kind = as_array(value, info)
    entry = {"t": TYPES[kind], "s": list(array.shape)}
    if with_value and array.size <= VALUES:
        if array.dtype.byteorder == ">":
            array = array.astype(array.dtype.newbyteorder("<"))
        entry["v"] = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return entry


def attribute(value):
    value = helper.get_attribute_value(value)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, onnx.TensorProto):
        array = numpy_helper.to_array(value)
        return {"t": TYPES[value.data_type], "s": list(array.shape), "v": base64.b64encode(array.tobytes()).decode()}
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], bytes):
        return [word.decode() for word in value]
    if isinstance(value, float):
        return float(np.format_float_positional(np.float32(value), unique=True))
    if isinstance(value, (list, tuple)):
        return [float(np.format_float_positional(np.float32(v), unique=True)) if isinstance(v, float) else v
                for v in value]
    return value


def has_newest_form(node, opset):
    newest = defs.get_schema(node.op_type, "")
    own = defs.get_schema(node.op_type, opset, "")
    if own.since_version == newest.since_version:
        return True
    names = [[i.name for i in s.inputs] for s in (own, newest)]
    return set(own.attributes) <= set(newest.attributes) and names[0] == names[1][: len(names[0])]


def case_line(case):
    graph = case.model.graph
    if len(graph.node) != 1 or graph.initializer or graph.sparse_initializer or case.name.endswith("_expanded"):
        return None
    node = graph.node[0]
    infos = list(graph.input) + list(graph.output)
    opset = next((o.version for o in case.model.opset_import if o.domain in ("", "ai.onnx")), None)
    if node.domain or opset is None or any(i.type.WhichOneof("value") != "tensor_type" for i in infos):
        return None
    if any(i.type.tensor_type.elem_type not in TYPES for i in infos) or not has_newest_form(node, opset):
        return None
    if node.op_type in ("If", "Loop", "Scan", "Bernoulli", "ImageDecoder", "Constant", "Scatter", "Upsample",
                        "OptionalGetElement", "OptionalHasElement", "TfIdfVectorizer"):
        return None
    inputs, outputs = case.data_sets[0]
    infos_by_name = {i.name: (value, i) for i, value in zip(graph.input, inputs)}
    made = {i.name: (value, i) for i, value in zip(graph.output, outputs)}
    evaluated = node.op_type in EVALUATED
    integral = lambda info: info.type.tensor_type.elem_type not in (1, 10, 11, 16)
    small = node.op_type in ("Resize", "MelWeightMatrix")
    line = {
        "name": case.name,
        "op": node.op_type,
        "attributes": {a.name: attribute(a) for a in node.attribute},
        "inputs": [
            described(*infos_by_name[n], evaluated or small or integral(infos_by_name[n][1])) if n else None
            for n in node.input
        ],
        "outputs": [described(*made[n], evaluated) if n else None for n in node.output],
    }
    return json.dumps(line, separators=(",", ":"))


def main():
    warnings.filterwarnings("ignore")
    for module in pkgutil.iter_modules(cases.__path__):
        importlib.import_module(f"{cases.__name__}.{module.name}")
    lines = []
    for case in cases._NodeTestCases:
        try:
            line = case_line(case)
        except Exception as error:  # a case that this script cannot describe is named, not dropped in silence
            print(case.name, repr(error)[:120])
            continue
        if line:
            lines.append(line)
    path = pathlib.Path(__file__).with_name("node-cases.jsonl")
    path.write_text("\n".join(sorted(set(lines))) + "\n")
    print(len(lines), "cases,", path.stat().st_size, "bytes")


main()
