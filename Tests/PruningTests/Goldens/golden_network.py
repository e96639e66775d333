"""The small network and the samples of the goldens that train; `TestNetworks.golden` is the same network.

Every batch holds all samples, so the order in which a trainer draws them changes nothing but the rounding.
"""
import torch
import torch.nn as nn


def golden(seed):
    """The network, its scaled input, the labels, and what a golden holds of them before the first step."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
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
    return net, (images.float() / 255 - 0.5) / 0.25, labels, out
