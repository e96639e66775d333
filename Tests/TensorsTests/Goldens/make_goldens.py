"""Makes the golden files beside it: run with Python 3 and torch 2.13, onnx, onnxruntime and safetensors installed.

tensors.safetensors    tensor operators, from PyTorch
nodes.safetensors      graph nodes, from ONNX Runtime: padding of each side, sizes rounded up, attributes
networks.safetensors   fashion-cnn and resnet20: two training steps and an evaluation, from PyTorch

The cases have the names that the tests use. Networks take weights and inputs from `filled`, which the tests repeat.
"""

import pathlib

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import TensorProto, helper
from safetensors.numpy import save_file

FOLDER = pathlib.Path(__file__).parent
torch.manual_seed(0)
torch.set_num_threads(1)
onnxruntime.set_default_logger_severity(3)


def filled(shape, salt, low=-1.0, high=1.0):
    """Numbers from integers alone, so that every language makes the same ones."""
    index = np.arange(int(np.prod(shape)), dtype=np.uint64)
    mixed = ((index + np.uint64(1)) * np.uint64(2654435761) + np.uint64(salt) * np.uint64(40503)) % np.uint64(2**32)
    mixed = (mixed ^ (mixed >> np.uint64(15))) * np.uint64(2246822519) % np.uint64(2**32)
    unit = (mixed >> np.uint64(8)).astype(np.float64) / 2.0**24
    return (low + unit * (high - low)).astype(np.float32).reshape(shape)


# Tensor operators ---------------------------------------------------------------------------------------------------


def tensor_cases():
    def r(*shape):
        return torch.randn(*shape)

    labels = torch.tensor([2, 0, 3])
    indices = torch.tensor([3, 0, 3])
    bytes_ = torch.randint(0, 256, (5, 2, 3), dtype=torch.uint8)
    positive = lambda *s: torch.rand(*s) + 0.1
    stats = (r(3), positive(3), r(3), positive(3))
    yield "relu", [r(3, 4)], lambda x: x.relu()
    yield "sigmoid", [r(3, 4)], lambda x: x.sigmoid()
    yield "tanh", [r(3, 4)], lambda x: x.tanh()
    yield "neg", [r(3, 4)], lambda x: -x
    yield "abs", [r(3, 4)], lambda x: x.abs()
    yield "square", [r(3, 4)], lambda x: x.square()
    yield "sqrt", [positive(3, 4)], lambda x: x.sqrt()
    yield "rsqrt", [positive(3, 4)], lambda x: x.rsqrt()
    yield "exp", [r(3, 4)], lambda x: x.exp()
    yield "log", [positive(3, 4)], lambda x: x.log()
    yield "sign", [r(3, 4)], lambda x: x.sign()
    yield "floor", [r(3, 4) * 3], lambda x: x.floor()
    yield "round", [torch.tensor([0.5, 1.5, -2.5, 2.4])], lambda x: x.round()
    yield "reciprocal", [positive(3, 4)], lambda x: x.reciprocal()
    yield "leaky-relu", [r(3, 4)], lambda x: F.leaky_relu(x, 0.2)
    yield "clamp", [r(3, 4)], lambda x: x.clamp(-0.5, 0.25)
    yield "add", [r(3, 4), r(4)], lambda x, y: x + y
    yield "sub", [r(3, 1), r(3, 4)], lambda x, y: x - y
    yield "mul", [r(3, 4), r(3, 1)], lambda x, y: x * y
    yield "div", [r(3, 4), positive(4)], lambda x, y: x / y
    yield "pow", [positive(3, 4), r(3, 4)], lambda x, y: x**y
    yield "pow-number", [positive(3, 4)], lambda x: x**1.5
    yield "maximum", [r(3, 4), r(3, 4)], torch.maximum
    yield "minimum", [r(3, 4), r(3, 4)], torch.minimum
    yield "maximum-number", [r(3, 4)], lambda x: x.clamp_min(0.3)
    yield "comparison", [torch.tensor([1.0, 2.0, 3.0]), torch.tensor([3.0, 2.0, 1.0])], lambda x, y: torch.stack(
        [x == y, x != y, x < y, x <= y, x > y, x >= y]).float()
    yield "where", [r(3, 4), r(3, 4)], lambda x, y: torch.where(x > 0, x, y)
    yield "sum", [r(2, 3, 4)], lambda x: x.sum((0, 2))
    yield "sum-all", [r(2, 3, 4)], lambda x: x.sum()
    yield "mean", [r(2, 3, 4)], lambda x: x.mean((1,), keepdim=True)
    yield "max", [r(2, 3, 4)], lambda x: x.amax((2,))
    yield "min", [r(2, 3, 4)], lambda x: x.amin((0, 1))
    yield "variance", [r(2, 3, 4)], lambda x: x.var((0, 2), correction=0)
    yield "variance-unbiased", [r(2, 3, 4)], lambda x: x.var((0, 2), correction=1)
    yield "norm-1", [r(2, 3, 4)], lambda x: torch.linalg.vector_norm(x, 1, (1, 2))
    yield "norm-2", [r(2, 3, 4)], lambda x: torch.linalg.vector_norm(x, 2)
    yield "norm-infinity", [r(2, 3, 4)], lambda x: torch.linalg.vector_norm(x, float("inf"), (0,), keepdim=True)
    yield "argmax", [r(3, 5)], lambda x: x.argmax(1).float()
    yield "argmin", [r(3, 5)], lambda x: x.argmin(0).float()
    yield "cumulative-sum", [r(3, 5)], lambda x: x.cumsum(1)
    yield "top-k", [r(3, 5)], lambda x: x.topk(2, 1).values
    yield "top-k-indices", [r(3, 5)], lambda x: x.topk(2, 1, largest=False).indices.float()
    yield "sort", [r(3, 5)], lambda x: x.sort(1, descending=True).values
    yield "histogram", [r(100)], lambda x: torch.histc(x, 8, -2, 2)
    yield "matmul", [r(2, 3, 4), r(4, 5)], lambda x, y: x @ y
    yield "addmm", [r(5), r(3, 4), r(4, 5)], lambda c, a, b: torch.addmm(c, a, b, beta=0.5, alpha=2)
    yield "pairwise-distance", [r(4, 6), r(3, 6)], lambda x, y: torch.cdist(x, y)
    yield "matrix-rank", [torch.stack([torch.ones(3, 4), torch.eye(3, 4)])], lambda x: torch.linalg.matrix_rank(x).float()
    yield "singular-values", [r(3, 5)], torch.linalg.svdvals
    yield "convolution", [r(2, 4, 7, 8), r(6, 2, 3, 2), r(6)], lambda x, w, b: F.conv2d(
        x, w, b, (2, 1), (1, 0), (1, 2), 2)
    yield "linear", [r(3, 4), r(5, 4), r(5)], F.linear
    yield "batch-norm", [r(2, 3, 4, 4), *stats], lambda x, w, b, m, v: F.batch_norm(x, m, v, w, b, False, 0.1, 1e-3)
    yield "batch-norm-training", [r(2, 3, 4, 4), *stats], lambda x, w, b, m, v: F.batch_norm(
        x, m.clone(), v.clone(), w, b, True, 0.1, 1e-3)
    yield "max-pool", [r(2, 3, 7, 8)], lambda x: F.max_pool2d(x, (3, 2), (2, 2), (1, 0), ceil_mode=True)
    yield "average-pool", [r(2, 3, 7, 8)], lambda x: F.avg_pool2d(x, (3, 2), (2, 1), (1, 1), False, True)
    yield "average-pool-divisor", [r(2, 3, 7, 8)], lambda x: F.avg_pool2d(x, 2, 2, divisor_override=3)
    yield "unfold", [r(2, 3, 5, 6)], lambda x: F.unfold(x, (3, 2), (1, 2), (1, 0), (2, 1))
    yield "softmax", [r(2, 3, 4)], lambda x: x.softmax(1)
    yield "log-softmax", [r(2, 3, 4)], lambda x: x.log_softmax(-1)
    yield "cross-entropy", [r(3, 5), labels], F.cross_entropy
    yield "cross-entropy-smoothed", [r(3, 5), labels], lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1)
    yield "cross-entropy-each", [r(3, 5), labels], lambda x, y: F.cross_entropy(x, y, reduction="none")
    yield "kl-divergence", [r(3, 5).log_softmax(1), r(3, 5).softmax(1)], lambda x, y: F.kl_div(x, y, reduction="batchmean")
    yield "mean-squared-error", [r(3, 5), r(3, 5)], F.mse_loss
    yield "distillation", [r(3, 5), r(3, 5)], lambda x, t: 16 * F.kl_div(
        F.log_softmax(x / 4, 1), F.softmax(t / 4, 1), reduction="batchmean")
    yield "reshape", [r(2, 3, 4)], lambda x: x.reshape(4, -1)
    yield "flatten", [r(2, 3, 4)], lambda x: x.flatten(1)
    yield "permute", [r(2, 3, 4)], lambda x: x.permute(2, 0, 1)
    yield "transpose", [r(2, 3, 4)], lambda x: x.transpose(0, 2)
    yield "expand", [r(3, 1)], lambda x: x.expand(2, 3, 4)
    yield "concatenate", [r(2, 3), r(2, 1), r(2, 2)], lambda *t: torch.cat(t, 1)
    yield "stack", [r(2, 3), r(2, 3)], lambda *t: torch.stack(t, 1)
    yield "slice", [r(3, 7)], lambda x: x[:, 1:6:2]
    yield "pad", [r(2, 3)], lambda x: F.pad(x, (1, -1, 0, 2), value=1.5)
    yield "flip", [r(2, 3, 4)], lambda x: x.flip((1, 2))
    yield "index-select", [r(3, 5), indices], lambda x, i: x.index_select(1, i)
    yield "index-select-bytes", [bytes_, indices], lambda x, i: x.index_select(0, i).float()
    yield "gather", [r(3, 5), torch.tensor([[0, 4], [1, 1], [3, 2]])], lambda x, i: x.gather(1, i)
    yield "one-hot", [labels], lambda x: F.one_hot(x, 4).float()
    yield "bin-count", [labels], lambda x: torch.bincount(x, minlength=6).float()


def make_tensors():
    tensors = {}
    for name, inputs, function in tensor_cases():
        for position, value in enumerate(inputs):
            tensors[f"{name}.{position}"] = value.numpy().copy()
        tensors[f"{name}.out"] = function(*inputs).contiguous().numpy().copy()
    save_file(tensors, FOLDER / "tensors.safetensors")
    print("tensor cases", sum(key.endswith(".out") for key in tensors))


# Graph nodes --------------------------------------------------------------------------------------------------------


def node_cases():
    rng = np.random.default_rng(0)

    def r(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    def i(*values):
        return np.array(values, dtype=np.int64)

    yield "conv-plain", "Conv", [r(2, 3, 7, 8), r(4, 3, 3, 3)], dict(pads=[1, 1, 1, 1])
    yield "conv-asymmetric", "Conv", [r(2, 3, 7, 8), r(4, 3, 3, 2), r(4)], dict(
        pads=[0, 1, 2, 0], strides=[2, 1], dilations=[1, 2])
    yield "conv-grouped", "Conv", [r(2, 4, 6, 6), r(6, 2, 3, 3)], dict(pads=[1, 1, 1, 1], group=2, strides=[2, 2])
    yield "conv-depthwise", "Conv", [r(2, 4, 6, 6), r(8, 1, 3, 3), r(8)], dict(pads=[1, 1, 1, 1], group=4)
    yield "batch-norm", "BatchNormalization", [r(2, 3, 4, 4), r(3), r(3), r(3), np.abs(r(3)) + 0.1], dict(epsilon=1e-3)
    yield "gemm-linear", "Gemm", [r(3, 4), r(5, 4), r(5)], dict(transB=1)
    yield "gemm-scaled", "Gemm", [r(4, 3), r(4, 5), r(3, 1)], dict(transA=1, alpha=0.5, beta=2.0)
    yield "gemm-no-c", "Gemm", [r(3, 4), r(4, 5)], dict(alpha=3.0)
    yield "relu", "Relu", [r(3, 4)], {}
    yield "leaky-relu", "LeakyRelu", [r(3, 4)], dict(alpha=0.3)
    yield "sigmoid", "Sigmoid", [r(3, 4)], {}
    yield "tanh", "Tanh", [r(3, 4)], {}
    yield "clip", "Clip", [r(3, 4) * 5, np.float32(0), np.float32(6)], {}
    for kind in ("max", "average"):
        op = "MaxPool" if kind == "max" else "AveragePool"
        pools = {
            "plain": ([2, 3, 8, 8], dict(kernel_shape=[2, 2], strides=[2, 2])),
            "padded": ([2, 3, 7, 8], dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])),
            "ceil": ([2, 3, 7, 8], dict(kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)),
            "ceil-padded": ([2, 3, 6, 9], dict(kernel_shape=[3, 2], strides=[3, 2], pads=[1, 0, 1, 0], ceil_mode=1)),
            "asymmetric": ([2, 3, 7, 8], dict(kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 2])),
            "asymmetric-ceil": ([2, 3, 7, 8], dict(kernel_shape=[3, 2], strides=[2, 3], pads=[1, 0, 0, 1], ceil_mode=1)),
            "uncovered": ([2, 3, 8, 9], dict(kernel_shape=[2, 2], strides=[3, 3], pads=[1, 0, 0, 0])),
        }
        for label, (shape, attributes) in pools.items():
            yield f"{kind}-pool-{label}", op, [r(*shape)], attributes
            if kind == "average" and "pads" in attributes:
                yield f"{kind}-pool-{label}-counting", op, [r(*shape)], dict(attributes, count_include_pad=1)
    yield "global-average-pool", "GlobalAveragePool", [r(2, 3, 4, 5)], {}
    yield "add", "Add", [r(2, 3, 4), r(3, 1)], {}
    yield "subtract", "Sub", [r(3, 1), r(2, 3, 4)], {}
    yield "multiply", "Mul", [r(2, 3, 4), r(4)], {}
    yield "concat", "Concat", [r(2, 3, 4), r(2, 1, 4), r(2, 2, 4)], dict(axis=-2)
    yield "slice", "Slice", [r(5, 6, 7), i(1, -2, 0), i(2**31 - 1, -1, 5), i(0, 2, 1), i(2, 1, 3)], {}
    yield "pad", "Pad", [r(2, 3, 4), i(0, 1, -1, 1, 0, 2), np.float32(0.5)], {}
    yield "flatten-0", "Flatten", [r(2, 3, 4)], dict(axis=0)
    yield "flatten-2", "Flatten", [r(2, 3, 4)], dict(axis=2)
    yield "flatten-last", "Flatten", [r(2, 3, 4)], dict(axis=-1)
    yield "reduce-mean", "ReduceMean", [r(2, 3, 4, 5)], dict(axes=[1, -1], keepdims=0)
    yield "reduce-mean-keeping", "ReduceMean", [r(2, 3, 4, 5)], dict(axes=[2, 3], keepdims=1)
    yield "softmax", "Softmax", [r(2, 3, 4)], dict(axis=1)
    yield "identity", "Identity", [r(2, 3)], {}


def make_nodes():
    tensors = {}
    for name, op, inputs, attributes in node_cases():
        names = [f"x{p}" for p in range(len(inputs))]
        node = helper.make_node(op, names, ["y"], **attributes)
        graph = helper.make_graph(
            [node], name,
            [helper.make_tensor_value_info(
                n, TensorProto.INT64 if np.asarray(v).dtype == np.int64 else TensorProto.FLOAT, list(np.shape(v)))
             for n, v in zip(names, inputs)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        (output,) = session.run(None, {n: np.asarray(v) for n, v in zip(names, inputs)})
        for position, value in enumerate(inputs):
            if np.ndim(value) > 0 and np.asarray(value).dtype == np.float32:
                tensors[f"{name}.{position}"] = np.ascontiguousarray(value)
        tensors[f"{name}.out"] = np.ascontiguousarray(output)
    save_file(tensors, FOLDER / "nodes.safetensors")
    print("node cases", sum(key.endswith(".out") for key in tensors))


# Networks -----------------------------------------------------------------------------------------------------------


class FashionCNN(nn.Module):
    def __init__(self):
        super().__init__()
        for index, (inputs, outputs) in enumerate([(1, 32), (32, 64), (64, 128)], 1):
            setattr(self, f"conv{index}", nn.Conv2d(inputs, outputs, 3, padding=1, bias=False))
            setattr(self, f"bn{index}", nn.BatchNorm2d(outputs))
        self.fc1 = nn.Linear(128 * 7 * 7, 256)
        self.fc2 = nn.Linear(256, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.relu(self.bn2(self.conv2(x)))
        x = F.max_pool2d(F.relu(self.bn3(self.conv3(x))), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride = stride
        self.border = (outputs - inputs) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.stride == 2:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.border, self.border))
        return F.relu(y + x)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        inputs = 16
        for stage, outputs in enumerate([16, 32, 64], 1):
            blocks = []
            for block in range(3):
                blocks.append(Block(inputs, outputs, 2 if stage > 1 and block == 0 else 1))
                inputs = outputs
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


def set_weights(model):
    state = model.state_dict()
    names = sorted(name for name in state if not name.endswith("num_batches_tracked"))
    for salt, name in enumerate(names):
        shape = tuple(state[name].shape)
        if name.endswith("running_var") or (len(shape) == 1 and name.endswith("weight")):
            values = filled(shape, salt, 0.5, 1.5)
        elif len(shape) == 1:
            values = filled(shape, salt, -0.1, 0.1)
        else:
            bound = (3.0 / np.prod(shape[1:])) ** 0.5
            values = filled(shape, salt, -bound, bound)
        state[name] = torch.from_numpy(values)
    model.load_state_dict(state)


def make_networks():
    tensors = {}
    for label, model, shape in [("fashion-cnn", FashionCNN(), (6, 1, 28, 28)), ("resnet20", ResNet20(), (6, 3, 32, 32))]:
        set_weights(model)
        x = torch.from_numpy(filled(shape, 1000))
        labels = torch.arange(6) * 3 % 10
        model.eval()
        with torch.no_grad():
            tensors[f"{label}.evaluation.before"] = model(x).numpy().copy()
        model.train()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, nesterov=True)
        for step in (1, 2):
            optimizer.zero_grad()
            logits = model(x)
            loss = F.cross_entropy(logits, labels, label_smoothing=0.1)
            loss.backward()
            tensors[f"{label}.logits.{step}"] = logits.detach().numpy().copy()
            tensors[f"{label}.loss.{step}"] = loss.detach().reshape(1).numpy().copy()
            if step == 1:
                for name, parameter in model.named_parameters():
                    tensors[f"{label}.gradient.{name}"] = np.concatenate(
                        [[parameter.grad.norm().item()], parameter.grad.flatten()[:3].numpy()]).astype(np.float32)
                for name, value in model.state_dict().items():
                    if "running" in name:
                        tensors[f"{label}.statistic.{name}"] = value.numpy().copy()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            tensors[f"{label}.evaluation.after"] = model(x).numpy().copy()
        print(label, tensors[f"{label}.loss.1"], tensors[f"{label}.loss.2"])
    save_file(tensors, FOLDER / "networks.safetensors")


if __name__ == "__main__":
    make_tensors()
    make_nodes()
    make_networks()
