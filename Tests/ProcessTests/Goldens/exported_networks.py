"""Recurrent layers and attention as PyTorch exports them, cut by Coppice and run by ONNX Runtime.

exported_networks.py COPPICE FOLDER recurrent|attention

Each network is exported by both exporters, checked, cut by a few criteria, checked again, and the smaller network must compute
what the masked one does. A line for each cut; the status is 1 where one fails.
"""

import contextlib
import json
import logging
import math
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy
import onnx
import onnxruntime
import torch
from torch.nn import functional

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
onnxruntime.set_default_logger_severity(4)
torch.set_num_threads(1)
# The fused encoder layer is one operator that the older exporter does not know.
torch.backends.mha.set_fastpath_enabled(False)

coppice, folder, family = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
TOLERANCE = 2e-5
INPUTS, HIDDEN, CLASSES, TIME, BATCH = 6, 12, 5, 7, 3
# None needs data: the masked network is of the cut alone. Each cut takes the next one.
CRITERIA = ["l1", "random", "l2", "fpgm", "linf", "variance", "synflow", "lamp", "kurtosis"]


class Recurrent(torch.nn.Module):
    """A recurrent layer and a linear one that reads the sequence, or the mean over it between two linear layers."""

    def __init__(self, cell, layers, directions, batch_first, reads):
        super().__init__()
        self.reads, self.time = reads, 1 if batch_first else 0
        self.layer = getattr(torch.nn, cell)(
            INPUTS, HIDDEN, num_layers=layers, bidirectional=directions == 2, batch_first=batch_first)
        self.wide = torch.nn.Linear(directions * HIDDEN, 10)
        self.head = torch.nn.Linear(10, CLASSES)

    def forward(self, x):
        y, state = self.layer(x)
        if self.reads == "state":
            last = state[0] if isinstance(state, tuple) else state
            # The two directions of the last layer side by side.
            count = self.wide.in_features // HIDDEN
            y = torch.cat([last[i - count] for i in range(count)], dim=-1)
        elif self.reads == "mean":
            y = y.mean(self.time)
        elif self.reads == "last":
            y = y[:, -1] if self.time == 1 else y[-1]
        return self.head(torch.relu(self.wide(y)))


def rotated(x, cosines, sines):
    first, second = x.chunk(2, dim=-1)
    return x * cosines + torch.cat([-second, first], dim=-1) * sines


class Attention(torch.nn.Module):
    """Queries, keys and values by products of their own; `key_heads` heads of keys serve all heads of queries."""

    def __init__(self, width, heads, key_heads, is_rotary=False, expands=False):
        super().__init__()
        self.heads, self.key_heads, self.size = heads, key_heads, width // heads
        self.is_rotary, self.expands = is_rotary, expands
        self.q = torch.nn.Linear(width, heads * self.size)
        self.k, self.v = (torch.nn.Linear(width, key_heads * self.size) for _ in range(2))
        self.proj = torch.nn.Linear(heads * self.size, width)
        angles = torch.arange(TIME)[:, None] / 3 ** torch.arange(self.size // 2)[None]
        angles = torch.cat([angles, angles], dim=-1)
        self.register_buffer("cosines", angles.cos())
        self.register_buffer("sines", angles.sin())

    def cut(self, x, heads):
        return x.view(x.shape[0], -1, heads, self.size).transpose(1, 2)

    def repeated(self, x):
        times = self.heads // self.key_heads
        if times == 1:
            return x
        if not self.expands:
            return x.repeat_interleave(times, dim=1)
        n, heads, time, size = x.shape
        return x[:, :, None].expand(n, heads, times, time, size).reshape(n, heads * times, time, size)

    def forward(self, x):
        q, k, v = self.cut(self.q(x), self.heads), self.cut(self.k(x), self.key_heads), self.cut(self.v(x), self.key_heads)
        if self.is_rotary:
            q, k = rotated(q, self.cosines, self.sines), rotated(k, self.cosines, self.sines)
        y = functional.scaled_dot_product_attention(q, self.repeated(k), self.repeated(v))
        return self.proj(y.transpose(1, 2).reshape(x.shape[0], -1, self.heads * self.size))


class Multihead(torch.nn.Module):
    """PyTorch's own layer, which packs queries, keys and values into one weight."""

    def __init__(self, width, heads):
        super().__init__()
        self.layer = torch.nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(self, x):
        return self.layer(x, x, x, need_weights=False)[0]


class Encoder(torch.nn.Module):
    def __init__(self, attention, blocks=2, width=16):
        super().__init__()
        self.embed = torch.nn.Linear(INPUTS, width)
        self.attentions = torch.nn.ModuleList(attention(width) for _ in range(blocks))
        self.norms = torch.nn.ModuleList(torch.nn.LayerNorm(width) for _ in range(2 * blocks))
        self.ups = torch.nn.ModuleList(torch.nn.Linear(width, 20) for _ in range(blocks))
        self.downs = torch.nn.ModuleList(torch.nn.Linear(20, width) for _ in range(blocks))
        self.head = torch.nn.Linear(width, CLASSES)

    def forward(self, x):
        x = self.embed(x)
        for i, attention in enumerate(self.attentions):
            x = x + attention(self.norms[2 * i](x))
            x = x + self.downs[i](functional.gelu(self.ups[i](self.norms[2 * i + 1](x))))
        return self.head(x.mean(1))


class Layers(torch.nn.Module):
    """PyTorch's own encoder."""

    def __init__(self, norm_first, width=16):
        super().__init__()
        self.embed = torch.nn.Linear(INPUTS, width)
        layer = torch.nn.TransformerEncoderLayer(width, 4, 20, batch_first=True, norm_first=norm_first)
        self.encoder = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        # Its layers begin as copies of each other, of which exporters write one.
        for parameter in self.encoder.parameters():
            if parameter.dim() > 1:
                torch.nn.init.xavier_uniform_(parameter)
        self.head = torch.nn.Linear(width, CLASSES)

    def forward(self, x):
        return self.head(self.encoder(self.embed(x)).mean(1))


def recurrent_networks():
    """Every cell, plain, stacked, in both directions and both; batch first or second, and four ways to read it."""
    reads = ["mean", "last", "sequence", "state"]
    for cell in ("LSTM", "GRU"):
        for turn, (name, layers, directions) in enumerate(
                [("plain", 1, 1), ("stacked", 3, 1), ("bidirectional", 1, 2), ("stacked-bidirectional", 2, 2)]):
            read = reads[(turn + 2 * (cell == "GRU")) % 4]
            for exporter in ("script", "dynamo"):
                batch_first = (exporter == "script") == (cell == "LSTM")
                yield (f"{cell.lower()}-{name}-{read}{'' if batch_first else '-time-first'}",
                       Recurrent(cell, layers, directions, batch_first, read), exporter, not batch_first)


def attention_networks():
    both = ("script", "dynamo")
    for name, network, exporters in [
            ("multihead", Encoder(lambda width: Multihead(width, 4)), both),
            ("encoder-layer", Layers(False), ("script",)), ("encoder-layer-norm-first", Layers(True), ("dynamo",)),
            ("products", Encoder(lambda width: Attention(width, 4, 4)), both),
            ("grouped-repeated", Encoder(lambda width: Attention(width, 4, 2)), both),
            ("grouped-expanded", Encoder(lambda width: Attention(width, 4, 2, expands=True)), ("script",)),
            ("rotary", Encoder(lambda width: Attention(width, 4, 4, is_rotary=True)), both),
            ("rotary-grouped", Encoder(lambda width: Attention(width, 4, 2, is_rotary=True)), ("dynamo",))]:
        for exporter in exporters:
            yield name, network, exporter, False


def export(network, image, axis, exporter, path):
    common = dict(input_names=["input"], output_names=["logits"])
    with open(os.devnull, "w") as quiet, contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        if exporter == "script":
            outputs = {0: "batch"} if network(image).shape[0] == image.shape[0] and axis == 0 else {}
            torch.onnx.export(
                network, (image,), str(path), dynamo=False, opset_version=17,
                dynamic_axes={"input": {axis: "batch"}, "logits": outputs}, **common)
        else:
            torch.onnx.export(
                network, (image,), str(path), dynamo=True, external_data=False,
                dynamic_shapes=({axis: torch.export.Dim("batch", min=2, max=64)},), **common)


def run(path, feed):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, feed)[0]


def difference(left, right):
    assert left.shape == right.shape, f"shapes {left.shape} and {right.shape}"
    return float(numpy.abs(left - right).max() / max(numpy.abs(right).max(), 1e-6))


def hidden_sizes(path):
    return [
        attribute.i for node in onnx.load(path).graph.node if node.op_type in ("LSTM", "GRU")
        for attribute in node.attribute if attribute.name == "hidden_size"]


def cut(path, granularity, criterion, share, feed, dense):
    small, masked = folder / "small.onnx", folder / "masked.onnx"
    outcome = subprocess.run(
        [coppice, "prune", path, "--granularity", granularity, "--criterion", criterion, "--sparsity", str(share), "--scope",
         "local", "-o", small, "--masked", masked, "--json"], capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr.strip()[:300]
    report = json.loads(outcome.stdout)
    for file in (small, masked):
        onnx.checker.check_model(onnx.load(file), full_check=True)
    result = run(small, feed)
    found = difference(result, run(masked, feed))
    assert found <= TOLERANCE, f"{found:.1e} off the masked network"
    # A cut that changes nothing would prove nothing.
    assert difference(result, dense) > 1e-4, "as the dense network"
    assert report["after"]["parameters"] < report["before"]["parameters"], "no smaller"
    return report, small, found


def check(name, network, axis, exporter, turn):
    path = folder / f"{name}-{exporter}.onnx"
    shape = [TIME, BATCH, INPUTS] if axis else [BATCH, TIME, INPUTS]
    image = torch.randn(shape)
    export(network, image, axis, exporter, path)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    # Another batch than the one that was traced.
    image = torch.randn([2 * size if place == axis else size for place, size in enumerate(shape)])
    feed = {"input": image.numpy()}
    dense = run(path, feed)
    assert difference(dense, network(image).detach().numpy()) <= TOLERANCE, "exported wrongly"
    lines = []
    granularities = ["unit" if family == "recurrent" else "head", "channel"]
    for place, granularity in enumerate(granularities[:2 if turn % 3 == 0 else 1]):
        criterion = CRITERIA[(turn + 4 * place) % len(CRITERIA)]
        share = 0.5 if place == 0 else 0.3
        report, small, found = cut(path, granularity, criterion, share, feed, dense)
        groups = {group["name"]: (group["kept"], group["all"]) for group in report["groups"]}
        if family == "recurrent":
            sizes = hidden_sizes(small)
            layers = network.layer.num_layers
            kept = HIDDEN - math.floor(HIDDEN * share + 1e-9) if place == 0 else None
            assert len(sizes) == layers, f"{len(sizes)} recurrent layers"
            assert all(size < HIDDEN if kept is None else size == kept for size in sizes), f"hidden sizes {sizes}"
            text = f"hidden {sizes}"
        else:
            text = f"groups {groups}"
            if place == 0:
                heads = list(groups.values())
                assert len(heads) == 2 and all(kept * 2 == every for kept, every in heads), f"heads {groups}"
        ratio = report["after"]["parameters"] / report["before"]["parameters"]
        lines.append(f"{path.stem} {granularity} {criterion}: {found:.0e}, parameters {ratio:.2f}, {text}")
    return lines


def main():
    torch.manual_seed(0)
    failures, turn = 0, 0
    for name, network, exporter, axis in {"recurrent": recurrent_networks, "attention": attention_networks}[family]():
        network.eval()
        for parameter in network.parameters():
            if not parameter.any():
                torch.nn.init.normal_(parameter, std=0.1)
        try:
            print("\n".join(check(name, network, int(axis), exporter, turn)), flush=True)
        except Exception as error:
            failures += 1
            print(f"{name}-{exporter} FAILED: {type(error).__name__}: {str(error)[:400]}", flush=True)
        turn += 1
    print(f"{turn - failures} of {turn} exports equal")
    sys.exit(1 if failures else 0)


main()
