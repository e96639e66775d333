"""Six steps of PyTorch's SGD with momentum, weight decay and a cosine schedule on a small network, all samples in each batch.

Usage: sgd_steps.py OUT.safetensors   (torch 2.13, safetensors)
"""
import sys

import torch
import torch.nn.functional as F
from golden_network import golden
from safetensors.torch import save_file

net, x, labels, out = golden(seed=11)
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
