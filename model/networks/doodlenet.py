"""DoodleNet: a public classifier of all 345 classes that a third party trained, so that figures don't flatter us.

Nothing here trains it or trains through it. Source: github.com/ml5js/ml5-data-and-models, models/doodlenet (MIT).
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

NUM_CLASSES = 345
_CHANNELS = (16, 16, 32, 32, 64, 64)  # of the convolutions, in pairs with a max-pool of 2 behind each pair


class Seen(NamedTuple):
    """What DoodleNet makes of N drawings: pooled (N, 576), features (N, 512) behind the tanh, logits (N, 345)."""

    pooled: Tensor
    features: Tensor
    logits: Tensor


class DoodleNet(nn.Module):
    """Six 3x3 convolutions with ReLU, three max-pools, a dense layer of 512 with tanh, and one logit per class."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (1, *_CHANNELS[:-1])
        sizes = zip(inputs, _CHANNELS, strict=True)
        self.convolutions = nn.ModuleList(nn.Conv2d(before, after, 3, padding=1) for before, after in sizes)
        self.dense = nn.Linear(_CHANNELS[-1] * 9, 512)
        self.to_logits = nn.Linear(512, NUM_CLASSES)

    def forward(self, ink: Tensor) -> Seen:
        """Ink (N, 1, 28, 28) in 0..1."""
        x = ink
        for number, convolution in enumerate(self.convolutions):
            x = F.relu(convolution(x))
            if number % 2:
                x = F.max_pool2d(x, 2)  # (N, 16, 14, 14), (N, 32, 7, 7), (N, 64, 3, 3)
        pooled = x.permute(0, 2, 3, 1).flatten(1)  # (N, 576), in Keras's order: height, width, channel
        features = self.dense(pooled).tanh()
        return Seen(pooled, features, self.to_logits(features))


def doodlenet_from(content: bytes) -> DoodleNet:
    """The network with the weights of the published file `group1-shard1of1.bin`.

    Keras's order: for each layer the kernel (convolutions height, width, in, out; dense layers in, out), then the bias;
    little-endian float32. Raises ValueError for a file of another length.
    """
    network = DoodleNet()
    layers = [*network.convolutions, network.dense, network.to_logits]
    numbers = torch.from_numpy(np.frombuffer(content, "<f4").copy())
    expected = sum(parameter.numel() for parameter in network.parameters())
    if len(numbers) != expected:
        raise ValueError(f"DoodleNet has {expected} weights, not {len(numbers)}.")
    kernels = iter(numbers.split([size for layer in layers for size in (layer.weight.numel(), layer.bias.numel())]))
    with torch.no_grad():
        for layer in layers:
            kernel, bias = next(kernels), next(kernels)
            if isinstance(layer, nn.Conv2d):
                out_channels, in_channels, height, width = layer.weight.shape
                layer.weight.copy_(kernel.view(height, width, in_channels, out_channels).permute(3, 2, 0, 1))
            else:
                layer.weight.copy_(kernel.view(layer.weight.shape[::-1]).T)
            layer.bias.copy_(bias)
    return network.eval().requires_grad_(False)
