"""Compares Coppice's groups, cuts and times with those of Torch-Pruning; see scripts/benchmarks/torch-pruning."""

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy
import onnxruntime
import torch
import torch.nn.functional as functional
from torch import nn

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

# torchvision registers its own operators with a CUDA build of torch only; classification needs none of them.
operators = torch.library.Library("torchvision", "DEF")
for operator in ("nms", "qnms"):
    operators.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import torch_pruning  # noqa: E402
import torchvision  # noqa: E402


class Block(nn.Module):
    """Two convolutions and a shortcut: a projection (option B), or every second pixel with zero channels around (option A)."""

    def __init__(self, inputs, outputs, stride, projects):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.border = 0
        self.shortcut = nn.Identity()
        if stride != 1 and projects:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        elif stride != 1:
            self.border = (outputs - inputs) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        if self.border:
            x = functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.border, self.border))
        return functional.relu(y + self.shortcut(x))


class ResNet20(nn.Module):
    def __init__(self, projects):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        blocks = []
        for stage, width in enumerate((16, 32, 64)):
            for index in range(3):
                stride = 2 if stage > 0 and index == 0 else 1
                blocks.append(Block(width // 2 if stride == 2 else width, width, stride, projects))
        self.blocks = nn.Sequential(*blocks)
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = self.blocks(functional.relu(self.bn1(self.conv1(x))))
        return self.linear(functional.adaptive_avg_pool2d(x, 1).flatten(1))


def network(name):
    torch.manual_seed(0)
    if name.startswith("resnet20"):
        model, size = ResNet20(projects=name.endswith("-b")), 32
    else:
        model, size = torchvision.models.get_model(name, weights=None), 224
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
    return model.eval(), torch.randn(1, 3, size, size)


def last_linear(model):
    return [module for module in model.modules() if isinstance(module, nn.Linear)][-1]


def export(model, image, path):
    """Batch normalisations and the weights' names stay as they are in PyTorch."""
    torch.onnx.export(
        model, (image,), str(path), dynamo=False, opset_version=17, do_constant_folding=False, verbose=False,
        training=torch.onnx.TrainingMode.PRESERVE, input_names=["input"], output_names=["logits"])


def command(arguments):
    outcome = subprocess.run([str(word) for word in arguments], capture_output=True, text=True)
    if outcome.returncode != 0:
        raise RuntimeError(outcome.stderr.strip())
    return outcome


def their_groups(model, image):
    """A multiset of groups, each the layers with their numbers of output channels."""
    graph = torch_pruning.DependencyGraph().build_dependency(model, example_inputs=image)
    names = {module: name for name, module in model.named_modules()}
    result = Counter()
    for group in graph.get_all_groups(ignored_layers=[last_linear(model)]):
        layers = {}
        for dependency, indices in group:
            module = dependency.target.module
            if isinstance(module, (nn.modules.conv._ConvNd, nn.Linear)) and graph.is_out_channel_pruning_fn(
                    dependency.handler):
                layers.setdefault(names[module], set()).update(indices)
        result[frozenset((layer, len(channels)) for layer, channels in layers.items())] += 1
    return result


def our_groups(coppice, model, path):
    report = json.loads(command([coppice, "inspect", path, "--json", "--units"]).stdout)
    kernels = {
        f"{name}.weight": name for name, module in model.named_modules()
        if isinstance(module, (nn.modules.conv._ConvNd, nn.Linear))}
    result = Counter()
    for group in report["groups"]:
        if group.get("pinned"):
            continue
        layers = {}
        for unit in group["members"]:
            for part in unit["slices"]:
                if part["weight"] in kernels and part["produces"] and part["axis"] == 0:
                    layers.setdefault(kernels[part["weight"]], set()).update(part["indices"])
        result[frozenset((layer, len(channels)) for layer, channels in layers.items())] += 1
    return result


def compare_groups(coppice, names, folder):
    print("| network | our groups | theirs | equal |\n|---|---|---|---|")
    for name in names:
        model, image = network(name)
        path = folder / f"{name}.onnx"
        export(model, image, path)
        ours, theirs = our_groups(coppice, model, path), their_groups(model, image)
        print(f"| {name} | {ours.total()} | {theirs.total()} | {'yes' if ours == theirs else 'no'} |", flush=True)
        for label, rest in (("ours alone", ours - theirs), ("theirs alone", theirs - ours)):
            for group in rest:
                print(f"    {label}: {sorted(group)}"[:300])


def compare_padded(coppice, folder):
    """resnet20 with option-A shortcuts, four channels of the first stream removed: pruned against masked."""
    model, image = network("resnet20-a")
    path, small, masked = (folder / file for file in ("padded.onnx", "small.onnx", "masked.onnx"))
    export(model, image, path)
    command([coppice, "prune", path, "--sparsity", "0.25", "--criterion", "l1", "--scope", "local", "-o", small,
             "--masked", masked])
    left, right = (
        onnxruntime.InferenceSession(str(file)).run(None, {"input": image.numpy()})[0] for file in (small, masked))
    print(f"resnet20 with padded shortcuts, Coppice: pruned and masked differ by {numpy.abs(left - right).max():.1e}")
    graph = torch_pruning.DependencyGraph().build_dependency(model, example_inputs=image)
    group = graph.get_pruning_group(model.conv1, torch_pruning.prune_conv_out_channels, idxs=[0, 1, 2, 3])
    reference, _ = network("resnet20-a")
    modules = dict(reference.named_modules())
    names = {module: name for name, module in model.named_modules()}
    with torch.no_grad():
        for dependency, indices in group:
            module = dependency.target.module
            if module in names and isinstance(module, (nn.Conv2d, nn.Linear)) and graph.is_in_channel_pruning_fn(
                    dependency.handler):
                modules[names[module]].weight[:, indices] = 0
        expected = reference(image)
        group.prune()
        try:
            print(f"resnet20 with padded shortcuts, Torch-Pruning: pruned and masked differ by "
                  f"{(model(image) - expected).abs().max():.1e}")
        except RuntimeError as error:
            print(f"resnet20 with padded shortcuts, Torch-Pruning: the pruned network fails: {error}"[:300])


def their_seconds(name):
    model, image = network(name)
    started = time.perf_counter()
    pruner = torch_pruning.pruner.MagnitudePruner(
        model, image, importance=torch_pruning.importance.MagnitudeImportance(p=1), pruning_ratio=0.5,
        ignored_layers=[last_linear(model)],
        num_heads={module: module.num_heads for module in model.modules() if isinstance(module, nn.MultiheadAttention)})
    pruner.step()
    seconds = time.perf_counter() - started
    return seconds, sum(parameter.numel() for parameter in model.parameters())


def our_seconds(coppice, path, folder):
    outcome = command(
        [coppice, "prune", path, "--sparsity", "0.5", "--criterion", "l1", "--scope", "local", "--threads", "1",
         "--timings", "--json", "-o", folder / "small.onnx"])
    line = next(line for line in outcome.stderr.splitlines() if line.startswith("timings:"))
    steps = {name: float(value) for name, value in (word.split("=") for word in line.split()[1:])}
    return steps["score"] + steps["prune"], json.loads(outcome.stdout)["after"]["parameters"], steps


def compare_times(coppice, names, repeats, folder):
    print("| network | ours, s | theirs, s | ours / theirs | our parameters | theirs |\n|---|---|---|---|---|---|")
    for name in names:
        model, image = network(name)
        path = folder / f"{name}.onnx"
        export(model, image, path)
        del model
        # In turn, so that a busy host is busy for both; the best of each.
        pairs = [(our_seconds(coppice, path, folder), their_seconds(name)) for _ in range(repeats)]
        path.unlink()
        ours, theirs = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
        print(f"| {name} | {ours[0]:.3f} | {theirs[0]:.3f} | {ours[0] / theirs[0]:.2f} | {ours[1]} | {theirs[1]} |")
        print(f"    our steps: {ours[2]}", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--coppice", required=True)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="groups,padded,time")
    parser.add_argument("--networks", default="resnet50,vgg16_bn,mobilenet_v2,densenet121,vit_b_16")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    parts = arguments.only.split(",")
    with tempfile.TemporaryDirectory(prefix="coppice-torch-pruning-") as name:
        folder = Path(name)
        if "groups" in parts:
            compare_groups(
                arguments.coppice, ["resnet20-b", "resnet20-a", "vgg16_bn", "mobilenet_v2", "densenet121"], folder)
        if "padded" in parts:
            compare_padded(arguments.coppice, folder)
        if "time" in parts:
            compare_times(arguments.coppice, arguments.networks.split(","), arguments.repeats, folder)


main()
