"""Movement scores by PyTorch: minus the sum of rate x gradient x weight over steps of plain SGD in evaluation mode.

Usage: movement.py OUT.safetensors   (torch 2.13, safetensors)
"""
import sys

import torch
import torch.nn.functional as F
from golden_network import golden
from safetensors.torch import save_file

net, x, labels, out = golden(seed=12)
optimizer = torch.optim.SGD(net.parameters(), 0.01)
scores = {name: torch.zeros_like(p, dtype=torch.float64) for name, p in net.named_parameters() if p.dim() > 1}
net.eval()
for _ in range(8):
    optimizer.zero_grad()
    F.cross_entropy(net(x), labels).backward()
    for name, p in net.named_parameters():
        if name in scores:
            scores[name] -= 0.01 * p.grad.double() * p.detach().double()
    optimizer.step()
out |= {f"score.{k}": v.float() for k, v in scores.items()}
save_file(out, sys.argv[1])
