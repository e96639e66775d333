"""Makes layers.safetensors beside it: run with Python 3, onnx 1.23.2 and onnxruntime installed.

The cases are ONNX's own node tests of one operator each, for the operators that KINDS lists, without those whose types
the runtime refuses, and what those leave out from ONNX Runtime and ONNX's reference. The tensors are stored once each; the metadata's "cases" is a JSON text of names, attributes and
tensor numbers, with null for an input or output that is absent.
"""

import hashlib
import importlib
import json
import pathlib
import pkgutil
import struct
import warnings

import numpy as np
import onnx
import onnx.backend.test.case.node as node_tests
import onnx.backend.test.loader
import onnx.reference
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

warnings.filterwarnings("ignore")
FOLDER = pathlib.Path(__file__).parent
KINDS = """
    LSTM GRU RNN Attention LinearAttention CausalConvWithState RotaryEmbedding DeformConv Einsum Resize GridSample
    AffineGrid Col2Im MaxUnpool MaxRoiPool RoiAlign NonMaxSuppression Det DFT STFT HannWindow HammingWindow
    BlackmanWindow MelWeightMatrix SoftmaxCrossEntropyLoss NegativeLogLikelihoodLoss Unique TopK ArgMax ArgMin CumSum
    CumProd ReverseSequence CenterCropPad TensorScatter LpPool GlobalLpPool LRN OneHot QuantizeLinear DequantizeLinear
    DynamicQuantizeLinear ConvInteger QLinearConv MatMulInteger QLinearMatMul BitCast Hardmax LpNormalization
    MeanVarianceNormalization
""".split()
# Others of the same kind stay.
TOO_LARGE = """
    lppool_3d_default nllloss_NCd1d2d3d4d5_none_no_weight sce_NCd1d2d3d4d5_mean_weight_log_prob
    sce_NCd1d2d3d4d5_none_no_weight sce_NCd1d2d3d4d5_none_no_weight_log_prob
""".split()
TYPES = {
    TensorProto.FLOAT: "F32", TensorProto.DOUBLE: "F64", TensorProto.FLOAT16: "F16", TensorProto.BFLOAT16: "BF16",
    TensorProto.INT8: "I8", TensorProto.INT16: "I16", TensorProto.INT32: "I32", TensorProto.INT64: "I64",
    TensorProto.UINT8: "U8", TensorProto.UINT16: "U16", TensorProto.UINT32: "U32", TensorProto.UINT64: "U64",
    TensorProto.BOOL: "BOOL",
}


class Store:
    """Tensors by content, in the order of their first use."""

    def __init__(self):
        self.header, self.body, self.known = {}, bytearray(), {}

    def number(self, tensor):
        array = numpy_helper.to_array(tensor)
        data = array.tobytes()
        kind = TYPES[tensor.data_type]
        key = hashlib.sha256(repr((kind, array.shape)).encode() + data).digest()
        if key not in self.known:
            number = self.known[key] = len(self.known)
            start = len(self.body)
            self.body += data
            self.header[str(number)] = {
                "dtype": kind, "shape": list(array.shape), "data_offsets": [start, len(self.body)]
            }
        return self.known[key]

    def save(self, path, cases):
        header = {"__metadata__": {"cases": json.dumps(cases, separators=(",", ":"))}, **self.header}
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        path.write_bytes(struct.pack("<Q", len(text)) + text + self.body)


def attributes(node):
    """Attributes as JSON has them; None when the operator's newest version has not all of them."""
    schema = onnx.defs.get_schema(node.op_type)
    result = {}
    for attribute in node.attribute:
        if attribute.name not in schema.attributes:
            return None
        value = helper.get_attribute_value(attribute)
        if isinstance(value, bytes):
            value = value.decode()
        elif isinstance(value, list) and value and isinstance(value[0], bytes):
            value = [item.decode() for item in value]
        result[attribute.name] = value
    return result


def tensor(value):
    return value if isinstance(value, TensorProto) else numpy_helper.from_array(np.asarray(value))


def add(store, cases, name, node, inputs, outputs):
    """The node's inputs and outputs as tensor numbers."""
    given = iter(inputs)
    made = iter(outputs)
    cases[name] = {
        "op": node.op_type,
        "attributes": attributes(node),
        "inputs": [store.number(next(given)) if item else None for item in node.input],
        "outputs": [store.number(next(made)) if item else None for item in node.output],
    }


def node_cases(store, cases, kinds, too_large):
    for module in pkgutil.iter_modules(node_tests.__path__):
        importlib.import_module("onnx.backend.test.case.node." + module.name)
    for case in node_tests._NodeTestCases:
        graph = case.model.graph
        if len(graph.node) != 1 or graph.node[0].op_type not in kinds or graph.node[0].domain:
            continue
        if any(isinstance(item, (list, str, type(None))) for items in case.data_sets[0] for item in items):
            continue
        inputs, outputs = ([tensor(item) for item in items] for items in case.data_sets[0])
        if any(item.data_type not in TYPES for item in inputs + outputs) or attributes(graph.node[0]) is None:
            continue
        name = case.name.removeprefix("test_")
        if name not in too_large:
            add(store, cases, name, graph.node[0], inputs, outputs)


def main():
    store, cases = Store(), {}
    node_cases(store, cases, KINDS, TOO_LARGE)
    runtime_cases(store, cases)
    deformable_case(store, cases)
    store.save(FOLDER / "layers.safetensors", cases)
    print(len(cases), "cases,", len(store.body), "bytes")


def runner(store, cases):
    """Adds cases that ONNX Runtime works out, or the onnx package where that has not the type."""
    onnxruntime.set_default_logger_severity(3)

    def run(name, op, inputs, outputs, **attributes_):
        names = [f"x{i}" if item is not None else "" for i, item in enumerate(inputs)]
        results = [f"y{i}" if wanted else "" for i, wanted in enumerate(outputs)]
        node = helper.make_node(op, names, results, **attributes_)
        given = {name: item for name, item in zip(names, inputs) if item is not None}
        infos = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(item.dtype), item.shape)
            for name, item in given.items()
        ]
        made = [onnx.ValueInfoProto(name=result) for result in results if result]
        graph = helper.make_graph([node], "case", infos, made)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
        try:
            session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
            values = session.run(None, given)
        except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented:
            # A type that ONNX Runtime leaves out.
            values = onnx.reference.ReferenceEvaluator(model).run(None, given)
        add(store, cases, name, node, [tensor(item) for item in given.values()], [tensor(v) for v in values])

    return run


def runtime_cases(store, cases):
    """What the node tests leave out, from ONNX Runtime in float32."""
    random = np.random.default_rng(0)

    run = runner(store, cases)

    def f(*shape):
        return random.uniform(-1, 1, shape).astype(np.float32)

    steps, batch, size, hidden = 5, 3, 4, 3
    lengths = np.array([5, 2, 4], np.int32)
    x = f(steps, batch, size)
    for op, gates in [("LSTM", 4), ("GRU", 3), ("RNN", 1)]:
        every = 3 if op == "LSTM" else 2
        cell = op == "LSTM"

        def recurrent(name, directions=1, bias=True, lengths=None, states=True, peepholes=False, **attributes_):
            inputs = [x, f(directions, gates * hidden, size), f(directions, gates * hidden, hidden)]
            inputs.append(f(directions, 2 * gates * hidden) if bias else None)
            inputs.append(lengths)
            inputs.append(f(directions, batch, hidden) if states else None)
            if cell:
                inputs.append(f(directions, batch, hidden) if states else None)
                inputs.append(f(directions, 3 * hidden) if peepholes else None)
            while inputs[-1] is None:
                inputs.pop()
            run(f"{op.lower()}-{name}", op, inputs, [True] * every, hidden_size=hidden, **attributes_)

        recurrent("plain", bias=False, states=False)
        recurrent("states")
        recurrent("reverse", direction="reverse")
        recurrent("bidirectional", 2, direction="bidirectional")
        recurrent("lengths", 2, lengths=lengths, direction="bidirectional")
        recurrent("clip", clip=0.2)
        if cell:
            recurrent("peepholes", 2, peepholes=True, direction="bidirectional", lengths=lengths)
            recurrent("coupled", input_forget=1)
            recurrent(
                "functions", activations=["HardSigmoid", "LeakyRelu", "Softsign"], activation_alpha=[0.3, 0.05],
                activation_beta=[0.4],
            )
            recurrent(
                "more functions", 2, direction="bidirectional",
                activations=["Sigmoid", "Elu", "Softplus", "HardSigmoid", "ScaledTanh", "Affine"],
                activation_alpha=[0.7, 0.3, 1.2, 0.8], activation_beta=[0.4, 0.9, 0.1],
            )
        elif op == "GRU":
            recurrent("linear before reset", 2, direction="bidirectional", linear_before_reset=1)
            recurrent("linear with lengths", 2, direction="bidirectional", linear_before_reset=1, lengths=lengths)
            recurrent("functions", activations=["HardSigmoid", "Relu"])
        else:
            recurrent("rectified", 2, direction="bidirectional", activations=["Relu", "Relu"])
            recurrent("thresholded", activations=["ThresholdedRelu"], activation_alpha=[0.2])

    run(
        "max region pool", "MaxRoiPool",
        [f(2, 3, 9, 8), np.array([[0, 0, 0, 7, 8], [1, 1.6, 2, 4.4, 4], [1, 3, 3, 3, 3], [0, 6, 6, 20, 20]], np.float32)],
        [True], pooled_shape=[3, 2], spatial_scale=0.8,
    )
    pool = {"kernel_shape": [3, 2, 2], "strides": [2, 1, 2], "pads": [1, 0, 1, 0, 1, 1]}
    run("lp pool over 3 axes", "LpPool", [f(1, 2, 5, 4, 6)], [True], p=3, **pool)
    run("lp pool over 1 axis", "LpPool", [f(1, 2, 9)], [True], p=1, kernel_shape=[3], strides=[2])
    run("global lp pool", "GlobalLpPool", [f(2, 3, 4, 5)], [True], p=2)
    run("global lp pool of order 3", "GlobalLpPool", [f(2, 3, 4, 5)], [True], p=3)
    rows = np.sort(10 * random.uniform(-0.2, 1, (4, 2, 2)), axis=1).reshape(4, 4).astype(np.float32)
    for mode, ratio, coordinates in [("avg", 0, "half_pixel"), ("avg", 2, "output_half_pixel")]:
        run(
            f"region align {mode} {ratio}", "RoiAlign",
            [f(2, 3, 6, 7), rows, np.array([0, 1, 1, 0], np.int64)], [True], mode=mode, sampling_ratio=ratio,
            coordinate_transformation_mode=coordinates, output_height=3, output_width=2, spatial_scale=0.7,
        )
    boxes = random.uniform(0, 1, (2, 12, 4)).astype(np.float32)
    for center in [0, 1]:
        run(
            f"boxes {center}", "NonMaxSuppression",
            [boxes, f(2, 3, 12), np.array([5], np.int64), np.array([0.3], np.float32), np.array([-0.5], np.float32)],
            [True], center_point_box=center,
        )
    for mode in ["linear", "nearest"]:
        for padding in ["border", "reflection"]:
            run(
                f"grid volume {mode} {padding}", "GridSample", [f(2, 2, 3, 4, 5), 1.7 * f(2, 2, 3, 3, 3)], [True],
                mode=mode, padding_mode=padding,
            )
    quantised_cases(run, random, f)
    resize_cases(run, f)
    for mode in ["linear", "nearest", "cubic"]:
        for padding in ["zeros", "border", "reflection"]:
            for aligned in [0, 1]:
                run(
                    f"grid {mode} {padding} {aligned}", "GridSample",
                    [f(2, 2, 4, 5), 1.7 * f(2, 3, 3, 2)], [True], mode=mode, padding_mode=padding,
                    align_corners=aligned,
                )


def deformable_case(store, cases):
    """Offsets between elements and far outside; ONNX Runtime has no such operator on the CPU."""
    random = np.random.default_rng(1)
    shapes = [(2, 4, 6, 7), (6, 2, 3, 2), (2, 24, 4, 7), (6,), (2, 12, 4, 7)]
    inputs = [random.normal(size=shape).astype(np.float32) for shape in shapes]
    inputs[2] *= 1.5
    names = ["x", "w", "offset", "b", "mask"]
    node = helper.make_node(
        "DeformConv", names, ["y"], group=2, offset_group=2, strides=[2, 1], pads=[2, 1, 2, 1], dilations=[1, 2],
        kernel_shape=[3, 2],
    )
    y = onnx.reference.ReferenceEvaluator(node).run(None, dict(zip(names, inputs)))[0]
    add(store, cases, "deformable", node, [tensor(item) for item in inputs], [tensor(y)])


def quantised_cases(run, random, f):
    def q(kind, *shape):
        limits = np.iinfo(kind)
        return random.integers(limits.min, limits.max + 1, shape).astype(kind)

    def scale(*shape):
        return random.uniform(0.01, 0.05, shape).astype(np.float32)

    zero = np.array(120, np.uint8)
    run(
        "convolution of bytes", "QLinearConv",
        [
            q(np.uint8, 1, 4, 6, 5), scale(), zero, q(np.int8, 6, 2, 3, 3), scale(6), np.zeros(6, np.int8),
            np.array(2, np.float32), np.array(131, np.uint8), random.integers(-9000, 9000, 6).astype(np.int32),
        ],
        [True], group=2, pads=[1, 0, 2, 1], strides=[2, 1],
    )
    run(
        "integer convolution", "ConvInteger",
        [q(np.uint8, 1, 2, 7, 5), q(np.uint8, 3, 2, 3, 2), zero, np.array(7, np.uint8)], [True],
        auto_pad="SAME_LOWER", strides=[2, 2],
    )
    run(
        "integer product", "MatMulInteger",
        [q(np.uint8, 2, 3, 4), q(np.int8, 2, 4, 5), zero, np.array(-3, np.int8)], [True],
    )
    run(
        "product of bytes", "QLinearMatMul",
        [
            q(np.int8, 3, 8), scale(), np.array(3, np.int8), q(np.int8, 8, 4), scale(4), np.zeros(4, np.int8),
            np.array(1.5, np.float32), np.array(-5, np.int8),
        ],
        [True],
    )
    run("quantise by axis", "QuantizeLinear", [3 * f(2, 5, 3), scale(5), q(np.int8, 5)], [True], axis=-2)
    run("quantise", "QuantizeLinear", [100 * f(2, 5), np.array(0.5, np.float32)], [True])
    run("dequantise int32", "DequantizeLinear", [q(np.int32, 2, 3), scale(3)], [True], axis=1)
    run("dequantise int8", "DequantizeLinear", [q(np.int8, 4, 3), scale(4), q(np.int8, 4)], [True], axis=0)


def resize_cases(run, f):
    """Resizes in every combination that ONNX Runtime computes as ONNX says."""
    x = f(1, 2, 4, 5)
    for coordinates in ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"]:
        for label, sizes in [("up", [1, 2, 7, 9]), ("down", [1, 2, 3, 2]), ("one", [1, 2, 1, 8])]:
            given = [x, None, None, np.array(sizes, np.int64)]
            common = {"coordinate_transformation_mode": coordinates}
            run(f"resize {label} linear {coordinates}", "Resize", given, [True], mode="linear", **common)
            for rounding in ["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"]:
                run(
                    f"resize {label} nearest {rounding} {coordinates}", "Resize", given, [True], mode="nearest",
                    nearest_mode=rounding, **common,
                )
            for outside in [0, 1]:
                run(
                    f"resize {label} cubic {coordinates} {outside}", "Resize", given, [True], mode="cubic",
                    exclude_outside=outside, cubic_coeff_a=-0.6, **common,
                )
            if coordinates == "half_pixel":
                for mode in ["linear", "cubic"]:
                    run(
                        f"resize {label} {mode} antialiased", "Resize", given, [True], mode=mode, antialias=1, **common
                    )
    run(
        "resize 3 axes", "Resize", [f(1, 1, 3, 4, 2), None, np.array([1, 1, 2, 1.5, 3], np.float32)], [True],
        mode="linear",
    )


if __name__ == "__main__":
    main()
