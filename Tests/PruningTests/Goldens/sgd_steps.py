"""Six steps of PyTorch's SGD with momentum, weight decay and a cosine schedule on a small network, all samples in each batch.

Usage: sgd_steps.py OUT.safetensors   (torch 2.13, safetensors)
Every batch holds all samples, so the order in which a trainer draws them changes nothing but the rounding.
"""
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

torch.set_num_threads(1)
torch.manual_seed(11)
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
optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=0.01)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 6)
losses, rates = [], []
net.train()
for _ in range(6):
    rates.append(optimizer.param_groups[0]["lr"])
    optimizer.zero_grad()
    loss = F.cross_entropy(net(x), labels)
    loss.backward()
    optimizer.step()
    schedule.step()
    losses.append(loss.item())
out |= {f"final.{k}": v.clone() for k, v in net.state_dict().items() if not k.endswith("tracked")}
net.eval()
with torch.no_grad():
    logits = net(x)
out["losses"] = torch.tensor(losses)
out["rates"] = torch.tensor(rates)
out["evaluated"] = torch.tensor([F.cross_entropy(logits, labels).item(), (logits.argmax(1) == labels).sum().item()])
save_file(out, sys.argv[1])
