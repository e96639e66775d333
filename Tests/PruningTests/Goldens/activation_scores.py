"""What criteria that look at activations say of a small network, by PyTorch's modules, hooks and NumPy's histogram.

Usage: activation_scores.py OUT.safetensors   (torch 2.13, numpy, safetensors)
"""
import sys

import numpy as np
import torch
import torch.nn as nn
from safetensors.torch import save_file

torch.set_num_threads(1)
torch.manual_seed(5)
net = nn.Sequential()
net.add_module("conv1", nn.Conv2d(3, 6, 3, padding=1, bias=False))
net.add_module("bn1", nn.BatchNorm2d(6))
net.add_module("relu1", nn.ReLU())
net.add_module("pool1", nn.MaxPool2d(2))
net.add_module("conv2", nn.Conv2d(6, 5, 3, padding=1))
net.add_module("tanh", nn.Tanh())
net.add_module("flatten", nn.Flatten())
net.add_module("fc1", nn.Linear(80, 7))
net.add_module("relu2", nn.ReLU())
net.add_module("fc2", nn.Linear(7, 4))
with torch.no_grad():
    net.bn1.weight.uniform_(0.5, 1.5)
    net.bn1.bias.copy_(torch.tensor([0.5, -0.5, -1.5, 0.0, -2.5, 1.0]))
    net.bn1.running_mean.uniform_(-0.5, 0.5)
    net.bn1.running_var.uniform_(0.5, 1.5)
    # Channels of equal rows: maps of low rank, which a rectifier behind keeps low.
    net.conv1.weight[0, :, :, 0] = net.conv1.weight[0, :, :, 2]
    net.fc2.weight.mul_(60)
net.eval()
images = torch.randint(0, 256, (32, 3, 8, 8), dtype=torch.uint8)
# Some samples are flat, and some repeat their rows.
images[:6] = images[:6, :, :1, :1]
images[6:14] = images[6:14, :, :1, :]

seen, read = {}, {}
for name, layer in net.named_children():
    layer.register_forward_hook(lambda _, x, y, name=name: read.update({name: x[0]}) or seen.update({name: y}))
x = (images.float() / 255 - 0.5) / 0.25
with torch.no_grad():
    net.fc2.bias.sub_(net(x).mean(0))
    probabilities = net(x).double().softmax(1)

out = {"images": images}
out |= {f"network.{k}": v.clone() for k, v in net.state_dict().items() if not k.endswith("tracked")}
for layer, response in {"conv1": "relu1", "conv2": "tanh", "fc1": "relu2"}.items():
    a = seen[response]
    wide = a.double()
    pooled = wide.flatten(2).mean(2) if wide.dim() > 2 else wide
    strength = wide.abs().flatten(2).mean(2) if wide.dim() > 2 else wide.abs()
    scores = {"mean-activation": strength.mean(0)}
    scores["apoz"] = 1 - (a == 0).double().transpose(0, 1).flatten(1).mean(1)
    entropies = []
    for values in pooled.numpy().T:
        p = np.histogram(values, bins=32)[0] / len(values)
        entropies.append(-(p[p > 0] * np.log(p[p > 0])).sum() if values.max() > values.min() else 0)
    scores["entropy"] = torch.tensor(entropies)
    ranks = torch.linalg.matrix_rank(a) if a.dim() == 4 else (a != 0)
    scores["hrank"] = ranks.double().mean(0)
    r = (probabilities / probabilities.sum(0)).T @ strength
    sparseness = 1 - r.mean(0) ** 2 / (r**2).mean(0)
    scores["distilled-sparsity"] = torch.nan_to_num(sparseness) * strength.mean(0)
    out |= {f"{layer}.{k}": v.float() for k, v in scores.items()}
for layer in ["conv1", "conv2", "fc1", "fc2"]:
    x = read[layer].double()
    w = net.get_submodule(layer).weight.double()
    norm = x.transpose(0, 1).flatten(1).norm(dim=1)
    product = w.abs() * norm.reshape([1, -1] + [1] * (w.dim() - 2))
    out[f"{layer}.elements"] = product.detach().float()
    out[f"{layer}.wanda"] = product.detach().flatten(1).sum(1).float()
save_file({k: v.contiguous() for k, v in out.items()}, sys.argv[1])
