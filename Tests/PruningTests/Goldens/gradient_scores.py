"""What criteria of gradients say of every weight of a small network, by PyTorch's autograd, over three batches of eight samples.

Usage: gradient_scores.py OUT.safetensors   (torch 2.13, safetensors)
"""
import sys

import torch
import torch.nn.functional as F
from golden_network import golden
from safetensors.torch import save_file

net, x, labels, out = golden(seed=13)
net.eval()
weights = {name: p for name, p in net.named_parameters() if p.dim() > 1}
batches = [slice(start, start + 8) for start in range(0, 24, 8)]


def gradients(part, graph=False):
    loss = F.cross_entropy(net(x[part]), labels[part])
    return torch.autograd.grad(loss, list(weights.values()), create_graph=graph)


scores = {c: {n: torch.zeros_like(p, dtype=torch.float64) for n, p in weights.items()} for c in [
    "gradient-sign", "grasp", "snip", "fisher"]}
for part in batches:
    for (name, p), g in zip(weights.items(), gradients(part)):
        scores["gradient-sign"][name] += g.sign().double() / 3
        scores["snip"][name] += (g * p).detach().double() / 3
    # GraSP (Wang and others 2020, algorithm 1): the gradient of g . stop(g), times the weight.
    first = gradients(part, graph=True)
    product = sum((g * g.detach()).sum() for g in first)
    for (name, p), h in zip(weights.items(), torch.autograd.grad(product, list(weights.values()))):
        scores["grasp"][name] += (h * p).detach().double() / 3
for sample in range(24):
    for (name, p), g in zip(weights.items(), gradients(slice(sample, sample + 1))):
        scores["fisher"][name] += (g * p).detach().double() ** 2 / 2 / 24
for criterion in ["gradient-sign", "snip"]:
    scores[criterion] = {n: s.abs() for n, s in scores[criterion].items()}
out |= {f"{c}.{n}": s.float() for c, parts in scores.items() for n, s in parts.items()}
save_file({k: v.contiguous() for k, v in out.items()}, sys.argv[1])
