"""Scores, cuts and measures a small network by PyTorch alone and by `coppice prune`; see scripts/benchmarks/independent-criteria.

Nothing is taken from Coppice but the trained file: the layers are run by torch.nn.functional, scores follow the papers, and a channel
that leaves is read as zero by the layer behind it. Calibration samples are other ones than Coppice's, so overlaps show how
much of a ranking is more than the choice of 512 images.
"""

import argparse
import gzip
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

parser = argparse.ArgumentParser()
parser.add_argument("coppice")
parser.add_argument("base", type=pathlib.Path)
parser.add_argument("data", type=pathlib.Path)
parser.add_argument("out", type=pathlib.Path)
parser.add_argument("criteria", nargs="*", default=None)
parser.add_argument("--keep", type=float, default=0.7)
parser.add_argument("--seeds", type=int, default=5)
options = parser.parse_intermixed_args()
options.out.mkdir(parents=True, exist_ok=True)
criteria = options.criteria or ["l1", "taylor", "gradient-sign", "grasp", "movement", "hrank"]
torch.set_num_threads(1)


def idx(name, header):
    with gzip.open(options.data / name) as file:
        return np.frombuffer(file.read(), np.uint8)[header:]


def samples(part):
    images = idx(f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
    x = (torch.from_numpy(images.copy()).float() / 255 - 0.2860) / 0.3530
    return x, torch.from_numpy(idx(f"{part}-labels-idx1-ubyte.gz", 8).astype(np.int64))


train, train_labels = samples("train")
test, test_labels = samples("t10k")


class Network:
    """A chain of the layers that these networks have; `masks` holds for each layer that makes channels which of them are read."""

    def __init__(self, path):
        graph = onnx.load(path).graph
        self.weights = {w.name: torch.from_numpy(numpy_helper.to_array(w).copy()) for w in graph.initializer}
        self.nodes = list(graph.node)
        makers = [n for n in self.nodes if n.op_type in ("Conv", "Gemm")]
        # The last one makes the classes.
        self.layers = {n.name: n.input[1] for n in makers[:-1]}
        self.last = makers[-1].input[1]
        self.masks = {name: torch.ones(self.weights[w].shape[0]) for name, w in self.layers.items()}

    def kernels(self):
        return list(self.layers.values()) + [self.last]

    def run(self, x, seen=None, statistics=None):
        """`seen` gathers what each layer's readers get; `statistics` recalibrates: running statistics by batch averages."""
        w, maker = self.weights, None
        for position, node in enumerate(self.nodes):
            a = {i.name: onnx.helper.get_attribute_value(i) for i in node.attribute}
            if node.op_type == "Conv":
                pads = a.get("pads", [0, 0, 0, 0])
                bias = w[node.input[2]] if len(node.input) > 2 else None
                x, maker = F.conv2d(x, w[node.input[1]], bias, padding=pads[:2]), node.name
            elif node.op_type == "Gemm":
                assert a.get("transB", 0) == 1
                x, maker = F.linear(x, w[node.input[1]], w[node.input[2]]), node.name
            elif node.op_type == "BatchNormalization":
                mean, variance = w[node.input[3]], w[node.input[4]]
                if statistics is not None:
                    sums = statistics.setdefault(node.name, [0, 0, 0, node])
                    sums[0] += 1
                    sums[1] = sums[1] + x.mean((0, 2, 3))
                    sums[2] = sums[2] + x.var((0, 2, 3))
                    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
                x = F.batch_norm(x, mean, variance, w[node.input[1]], w[node.input[2]], eps=a.get("epsilon", 1e-5))
            elif node.op_type == "Relu":
                x = F.relu(x)
            elif node.op_type in ("Tanh", "Sigmoid"):
                x = getattr(torch, node.op_type.lower())(x)
            elif node.op_type == "MaxPool":
                x = F.max_pool2d(x, a["kernel_shape"], a.get("strides"))
            elif node.op_type == "AveragePool":
                x = F.avg_pool2d(x, a["kernel_shape"], a.get("strides"))
            elif node.op_type == "Flatten":
                x = x.flatten(1)
            else:
                sys.exit(f"error: no rule for {node.op_type}")
            following = self.nodes[position + 1].op_type if position + 1 < len(self.nodes) else ""
            if maker in self.masks and following not in ("BatchNormalization", "Relu", "Tanh", "Sigmoid"):
                if seen is not None:
                    seen[maker] = x
                mask = self.masks[maker]
                x = x * (mask.reshape(1, -1, 1, 1) if x.dim() == 4 else mask)
                maker = None
        return x

    def recalibrate(self, generator):
        statistics = {}
        order = torch.randperm(50000, generator=generator)
        with torch.no_grad():
            for start in range(0, 16 * 128, 128):
                self.run(train[order[start:start + 128]], statistics=statistics)
        for count, mean, variance, node in statistics.values():
            self.weights[node.input[3]], self.weights[node.input[4]] = mean / count, variance / count

    def accuracy(self):
        with torch.no_grad():
            hits = [(self.run(test[s:s + 500]).argmax(1) == test_labels[s:s + 500]).sum().item() for s in range(0, 10000, 500)]
        return sum(hits) / 10000


def readers(net, layer, value):
    """The sum of `value` over the weights that read each channel of a layer."""
    kernels = net.kernels()
    own = net.layers[layer]
    reader = value[kernels[kernels.index(own) + 1]]
    count = net.weights[own].shape[0]
    if reader.dim() == 2 and reader.shape[1] != count:
        reader = reader.reshape(reader.shape[0], count, -1)
    return reader.transpose(0, 1).flatten(1).sum(1)


def scores(net, criterion, seed):
    """One list for each layer; the lowest leave."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(50000, generator=generator)
    batches = [order[s:s + 32] for s in range(0, 64 * 32, 32)]
    w, kernels = net.weights, net.kernels()
    if criterion == "random":
        return {name: torch.rand(w[k].shape[0], generator=generator) for name, k in net.layers.items()}
    if criterion == "l1":
        return {name: w[k].abs().flatten(1).sum(1) for name, k in net.layers.items()}
    if criterion == "hrank":
        totals = {}
        for rows in batches[:16]:
            seen = {}
            with torch.no_grad():
                net.run(train[rows], seen=seen)
            for name, maps in seen.items():
                # The layer's readers get what comes before a pool; `seen` is behind the activation.
                rank = torch.linalg.matrix_rank(maps).double() if maps.dim() == 4 else (maps != 0).double()
                totals[name] = totals.get(name, 0) + rank.sum(0)
        return totals
    for k in kernels:
        w[k].requires_grad_(True)

    def gradients(rows, graph=False):
        return torch.autograd.grad(
            F.cross_entropy(net.run(train[rows]), train_labels[rows]), [w[k] for k in kernels], create_graph=graph)

    total = {k: torch.zeros_like(w[k], dtype=torch.float64) for k in kernels}
    result = {}
    if criterion == "gradient-sign":
        for rows in batches[:16]:
            for k, g in zip(kernels, gradients(rows)):
                total[k] += g.sign()
        result = {name: (total[k].abs() / 16).flatten(1).mean(1) for name, k in net.layers.items()}
    elif criterion == "grasp":
        for rows in batches[:16]:
            first = gradients(rows, graph=True)
            product = sum((g * g.detach()).sum() for g in first)
            for k, h in zip(kernels, torch.autograd.grad(product, [w[k] for k in kernels])):
                total[k] += (h * w[k]).detach()
        result = {name: readers(net, name, total) for name in net.layers}
    elif criterion == "taylor":
        sums = {name: 0 for name in net.layers}
        for rows in batches[:16]:
            seen = {}
            loss = F.cross_entropy(net.run(train[rows], seen=seen), train_labels[rows])
            for (name, a), g in zip(seen.items(), torch.autograd.grad(loss, list(seen.values()))):
                sums[name] = sums[name] + (a * g).sum([0] + list(range(2, a.dim()))).detach() ** 2
        result = sums
    elif criterion == "movement":
        kept = {n: t.detach().clone() for n, t in w.items()}
        floats = [n for n, t in w.items() if t.is_floating_point() and "running" not in n]
        for n in floats:
            w[n] = w[n].detach().clone().requires_grad_(True)
        for rows in batches:
            loss = F.cross_entropy(net.run(train[rows]), train_labels[rows])
            for n, g in zip(floats, torch.autograd.grad(loss, [w[n] for n in floats])):
                if n in total:
                    total[n] -= 0.01 * (g * w[n]).detach().double()
                w[n].data.sub_(g, alpha=0.01)
        net.weights.update(kept)
        result = {name: total[k].flatten(1).sum(1) for name, k in net.layers.items()}
    for k in kernels:
        net.weights[k] = net.weights[k].detach()
    return {name: value.detach() for name, value in result.items()}


def selection(values):
    """One ranking of scores over their layer's mean absolute one; a layer keeps one at least."""
    ranking = []
    for name, score in values.items():
        relative = score.double() / score.double().abs().mean().clamp_min(1e-300)
        best = relative.argmax().item()
        ranking += [(relative[i].item(), name, i) for i in range(len(score)) if i != best]
    count = sum(len(s) for s in values.values())
    leaving = count - int(count * options.keep + 1e-9)
    gone = {(name, i) for _, name, i in sorted(ranking)[:leaving]}
    return {name: {i for i in range(len(s)) if (name, i) not in gone} for name, s in values.items()}


def cut(kept, seed):
    net = Network(options.base)
    for name, channels in kept.items():
        net.masks[name] = torch.tensor([1.0 if i in channels else 0.0 for i in range(len(net.masks[name]))])
    net.recalibrate(torch.Generator().manual_seed(seed + 1000))
    return net.accuracy()


def ours(criterion, seed, *more):
    """What `coppice prune` keeps, found by comparing rows of weights with those of the dense network; and its accuracy."""
    file = options.out / f"{criterion}-{seed}{'-'.join(more)}.onnx"
    subprocess.run(
        [options.coppice, "prune", str(options.base), "--data", f"idx:{options.data}", "--train", "50000", "--validation", "1000",
         "--input-mean", "0.286", "--input-std", "0.353", "--criterion", criterion, "--sparsity", str(1 - options.keep), "--seed",
         str(seed), "--threads", "1", "-o", str(file), *more], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    dense, small = Network(options.base), Network(file)
    kept, inputs = {}, None
    for name, weight in dense.layers.items():
        old, new = dense.weights[weight], small.weights[weight]
        if inputs is not None:
            places = sorted(inputs)
            size = old.shape[1] // len(dense.masks[before])
            old = old[:, [p * size + i for p in places for i in range(size)]]
        rows = {tuple(row.flatten().tolist()): i for i, row in enumerate(old)}
        kept[name] = {rows[tuple(row.flatten().tolist())] for row in new}
        inputs, before = kept[name], name
    return kept, small.accuracy()


def overlap(first, second):
    """Of the channels that leave by the first, the share that leaves by the second."""
    dense = Network(options.base)
    everything = {(n, i) for n, m in dense.masks.items() for i in range(len(m))}
    a, b = ({everything_ for everything_ in everything if everything_[1] not in s[everything_[0]]} for s in (first, second))
    return len(a & b) / max(len(a), 1)


print(f"Dense: {Network(options.base).accuracy():.2%}; {options.keep:.0%} of the channels stay.\n")
print("| criterion | Coppice, means replaced | Coppice, not | PyTorch | same channels leave | two seeds of PyTorch |")
print("| --- | ---: | ---: | ---: | ---: | ---: |")
for criterion in ["random"] + criteria:
    rows = []
    for seed in range(options.seeds):
        mine = selection(scores(Network(options.base), criterion, seed))
        other = selection(scores(Network(options.base), criterion, seed + 500))
        kept, filled = ours(criterion, seed)
        _, plain = ours(criterion, seed, "--no-mean-replacement")
        rows.append((filled, plain, cut(mine, seed), overlap(mine, kept), overlap(mine, other)))
    cells = [" to ".join(f"{v:.1%}" for v in (min(c), max(c))) for c in list(zip(*rows))[:3]]
    shares = [f"{np.mean(c):.0%}" for c in list(zip(*rows))[3:]]
    print(f"| {criterion} | " + " | ".join(cells + shares) + " |", flush=True)
