"""Small networks quantised by ONNX Runtime, and what it computes for them.

make FOLDER            writes qdq.onnx, qdq_channels.onnx, qoperator.onnx, qoperator_channels.onnx and in.npz
compare FOLDER NAME    holds NAME.out.npz (what `coppice run` gives), NAME.small.onnx, its NAME.small.npz and NAME.masked.onnx
                       to ONNX Runtime, in steps of the quantised output
"""

import sys
import warnings
from pathlib import Path

import numpy
import onnx
import onnxruntime

warnings.filterwarnings("ignore")
command, folder = sys.argv[1], Path(sys.argv[2])
# Where a sum lies between two steps, rounding by another order of additions decides, in each layer anew: ONNX Runtime with
# and without its optimiser differ by as much.
STEPS = 3


def make():
    import torch
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Gate(torch.nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.layer = torch.nn.Conv2d(channels, channels, 1)

        def forward(self, x):
            return x * torch.sigmoid(self.layer(x.mean((2, 3), keepdim=True)))

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            unit = lambda i, o, groups=1: torch.nn.Sequential(
                torch.nn.Conv2d(i, o, 3, padding=1, groups=groups, bias=False), torch.nn.BatchNorm2d(o), torch.nn.ReLU())
            self.stem, self.wide, self.depthwise = unit(3, 16), unit(16, 24), unit(24, 24, 24)
            self.back = torch.nn.Conv2d(24, 16, 1)
            self.gate = Gate(16)
            self.left, self.right = torch.nn.Conv2d(16, 8, 1), torch.nn.Conv2d(16, 12, 1)
            self.head = torch.nn.Linear(20, 10)

        def forward(self, x):
            x = torch.nn.functional.max_pool2d(self.stem(x), 2)
            x = x + self.back(self.depthwise(self.wide(x)))
            x = self.gate(torch.nn.functional.avg_pool2d(x, 2))
            x = torch.cat([torch.nn.functional.leaky_relu(self.left(x), 0.1), self.right(x)], 1)
            return self.head(torch.nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))

    class Reader(CalibrationDataReader):
        def __init__(self):
            draws = numpy.random.default_rng(0)
            self.batches = iter([{"input": draws.standard_normal((8, 3, 16, 16)).astype("float32")} for _ in range(4)])

        def get_next(self):
            return next(self.batches, None)

    torch.manual_seed(0)
    network = Network().eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.2, 2)
            torch.nn.init.normal_(module.bias, std=0.2)
    plain, ready = folder / "float.onnx", folder / "ready.onnx"
    torch.onnx.export(
        network, (torch.randn(2, 3, 16, 16),), str(plain), dynamo=False, opset_version=17, input_names=["input"],
        output_names=["logits"], dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}})
    quant_pre_process(str(plain), str(ready))
    for name, form in (("qdq", QuantFormat.QDQ), ("qoperator", QuantFormat.QOperator)):
        for suffix, per_channel in (("", False), ("_channels", True)):
            quantize_static(
                str(ready), str(folder / f"{name}{suffix}.onnx"), Reader(), quant_format=form, per_channel=per_channel,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    numpy.savez(folder / "in.npz", input=numpy.random.default_rng(1).standard_normal((6, 3, 16, 16)).astype("float32"))


def run(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"input": numpy.load(folder / "in.npz")["input"]})[0]


def tensors(model):
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def last_convolution(path):
    """The last convolution's weight as numbers, whether it is dequantised before or within it, and its bias as integers."""
    model = onnx.load(path)
    weights = tensors(model)
    node = [node for node in model.graph.node if node.op_type in ("Conv", "QLinearConv")][-1]
    if node.op_type == "QLinearConv":
        names, bias = node.input[3:6], node.input[8]
    else:
        makers = {output: other for other in model.graph.node for output in other.output}
        names, bias = makers[node.input[1]].input[:3], makers[node.input[2]].input[0]
    integers, scale, zero = (weights[name] for name in names)
    assert integers.dtype == numpy.int8 and weights[bias].dtype == numpy.int32
    shape = [-1, 1, 1, 1] if scale.size > 1 else []
    return (integers.astype("float64") - zero.reshape(shape)) * scale.reshape(shape), weights[bias]


def compare(name):
    dense, small, masked = (folder / f"{name}{part}.onnx" for part in ("", ".small", ".masked"))
    onnx.checker.check_model(str(small), full_check=True)
    model = onnx.load(dense)
    last = next(node for node in reversed(model.graph.node) if node.op_type == "DequantizeLinear")
    step = float(tensors(model)[last.input[1]].max())
    for what, ours, theirs in (
        ("dense", numpy.load(folder / f"{name}.out.npz")["logits"], run(dense)),
        ("small", numpy.load(folder / f"{name}.small.npz")["logits"], run(small)),
        ("masked", run(masked), run(small)),
    ):
        assert ours.shape == theirs.shape == (6, 10), (what, ours.shape, theirs.shape)
        steps = abs(ours - theirs).max() / step
        print(f"{name} {what}: {steps:.2f} steps of {theirs.max() - theirs.min():.3f} / {step:.4f}")
        assert steps <= (STEPS + 0.01 if what != "masked" else 1.01), (what, steps)
        assert theirs.std() > 3 * step, "an output of nearly one value shows nothing"
    # Importance is that of the numbers, not of the integers that stand for them. No other layer's filters leave with these, and
    # the biases tell which ones are left.
    numbers, biases = last_convolution(dense)
    kept = last_convolution(small)[1]
    largest = numpy.sort(numpy.argsort(-abs(numbers).sum((1, 2, 3)))[: len(kept)])
    assert (len(kept), len(biases)) == (6, 12) and len(set(biases)) == 12, (kept, biases)
    assert (biases[largest] == kept).all(), "the layer kept other filters than its largest"


if command == "make":
    make()
else:
    compare(sys.argv[3])
