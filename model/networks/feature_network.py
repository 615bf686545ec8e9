"""The feature network: a small trained classifier whose features the discriminator uses."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.quickdraw.classes import CLASS_NAMES

CHANNELS = 32
# Name, channels in and out in units of CHANNELS (0 for the ink itself), kernel, stride.
_LAYERS = (("to14", 0, 1, 4, 2), ("to7", 1, 2, 4, 2), ("at7", 2, 2, 3, 1), ("to4", 2, 4, 3, 2), ("at4", 4, 4, 3, 1))


class FeatureClassifier(nn.Module):
    """The feature network in training, with a batch norm after every convolution."""

    def __init__(self, num_classes: int = len(CLASS_NAMES)):
        super().__init__()
        for name, inputs, outputs, size, stride in _LAYERS:
            convolution = nn.Conv2d(inputs * CHANNELS or 1, outputs * CHANNELS, size, stride, 1, bias=False)
            setattr(self, name, nn.Sequential(convolution, nn.BatchNorm2d(outputs * CHANNELS), nn.LeakyReLU(0.2)))
        self.to_logits = nn.Linear(4 * CHANNELS, num_classes)

    def features(self, ink: Tensor) -> Tensor:
        """Ink (N, 1, 28, 28) to features (N, 4C)."""
        x = ink
        for name, *_ in _LAYERS:
            x = getattr(self, name)(x)
        return x.mean((2, 3))  # of (N, 4C, 4, 4)

    def forward(self, ink: Tensor) -> Tensor:
        """Ink (N, 1, 28, 28) to one logit per class (N, K)."""
        return self.to_logits(self.features(ink))


class FeatureNetwork(nn.Module):
    """The feature network in the discriminator: convolutions whose weights are buffers, so nothing trains them."""

    logit_weight: Tensor  # (K, 4C)
    logit_shift: Tensor  # (K,)

    def __init__(self, num_classes: int = len(CLASS_NAMES)):
        super().__init__()
        for name, inputs, outputs, size, _ in _LAYERS:
            self.register_buffer(f"{name}_kernel", torch.zeros(outputs * CHANNELS, inputs * CHANNELS or 1, size, size))
            self.register_buffer(f"{name}_shift", torch.zeros(outputs * CHANNELS))
        self.register_buffer("logit_weight", torch.zeros(num_classes, 4 * CHANNELS))
        self.register_buffer("logit_shift", torch.zeros(num_classes))

    def forward(self, ink: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Ink (N, 1, 28, 28) to maps (N, 2C, 7, 7) and (N, 4C, 4, 4), and one logit per class (N, K)."""
        x = ink
        maps = {}
        for name, _, _, _, stride in _LAYERS:
            kernel, shift = getattr(self, f"{name}_kernel"), getattr(self, f"{name}_shift")
            x = maps[name] = F.leaky_relu(F.conv2d(x, kernel, shift, stride, 1), 0.2)
        return maps["at7"], maps["at4"], F.linear(x.mean((2, 3)), self.logit_weight, self.logit_shift)


def fold(classifier: FeatureClassifier) -> FeatureNetwork:
    """The feature network of a trained classifier: each batch norm becomes part of the convolution before it.

    w' = w * gain / sqrt(variance + eps), b' = shift - mean * gain / sqrt(variance + eps).
    """
    network = FeatureNetwork(classifier.to_logits.out_features)
    with torch.no_grad():
        for name, *_ in _LAYERS:
            convolution, norm, _ = getattr(classifier, name)
            scale = norm.weight / (norm.running_var + norm.eps).sqrt()
            getattr(network, f"{name}_kernel").copy_(convolution.weight * scale[:, None, None, None])
            getattr(network, f"{name}_shift").copy_(norm.bias - norm.running_mean * scale)
        network.logit_weight.copy_(classifier.to_logits.weight)
        network.logit_shift.copy_(classifier.to_logits.bias)
    return network
