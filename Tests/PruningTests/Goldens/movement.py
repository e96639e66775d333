"""Movement scores by PyTorch: minus the sum of rate x gradient x weight over steps of plain SGD in evaluation mode.

Usage: movement.py OUT.safetensors   (torch 2.13, safetensors)
Every batch holds all samples, so the order in which a trainer draws them changes nothing but the rounding.
"""
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

torch.set_num_threads(1)
torch.manual_seed(12)
net = nn.Sequential()
net.add_module("conv1", nn.Conv2d(1, 4, 3, padding=1, bias=False))
net.add_module("bn1", nn.BatchNorm2d(4))
net.add_module("relu1", nn.ReLU())
net.add_module("pool1", nn.MaxPool2d(2))
net.add_module("flatten", nn.Flatten())
net.add_module("fc", nn.Linear(4 * 4 * 4, 5))
images = torch.randint(0, 256, (24, 1, 8, 8), dtype=torch.uint8)
labels = torch.randint(0, 5, (24,))
out = {"images": images, "labels": labels.to(torch.uint8)}
out |= {f"initial.{k}": v.clone() for k, v in net.state_dict().items() if not k.endswith("tracked")}

x = (images.float() / 255 - 0.5) / 0.25
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
