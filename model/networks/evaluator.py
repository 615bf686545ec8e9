"""The evaluator: a classifier of all 345 classes. Quality is measured with its features."""

from torch import Tensor, nn
from torch.nn import functional as F

from model.quickdraw.classes import CLASS_NAMES

MAX_CHANNELS = 96


class Residual(nn.Module):
    """Two convolutions with batch norm and a shortcut past them (He et al. 2016, "Deep Residual Learning", fig. 2)."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return F.relu(x + self.second(self.first(x).relu()))


class Evaluator(nn.Module):
    """A small residual classifier. channels: at 14x14; twice as many at 7x7, four times as many at 4x4."""

    def __init__(self, channels: int = 32, num_classes: int = len(CLASS_NAMES)):
        super().__init__()
        self.to14 = _down(1, channels, 5)
        self.at14 = Residual(channels)
        self.to7 = _down(channels, 2 * channels, 3)
        self.at7 = Residual(2 * channels)
        self.to4 = _down(2 * channels, 4 * channels, 3)
        self.at4 = Residual(4 * channels)
        self.to_logits = nn.Linear(4 * channels, num_classes)

    def maps(self, ink: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Ink (N, 1, 28, 28) to feature maps (N, C, 14, 14), (N, 2C, 7, 7) and (N, 4C, 4, 4)."""
        x14 = self.at14(self.to14(ink))
        x7 = self.at7(self.to7(x14))
        return x14, x7, self.at4(self.to4(x7))

    def features(self, ink: Tensor) -> Tensor:
        """Ink (N, 1, 28, 28) to features (N, 4C)."""
        return self.maps(ink)[-1].mean((2, 3))

    def forward(self, ink: Tensor) -> Tensor:
        """Ink (N, 1, 28, 28) to one logit per class (N, K)."""
        return self.to_logits(self.features(ink))


def _down(inputs: int, outputs: int, size: int) -> nn.Module:
    """A convolution that halves height and width, with batch norm and ReLU."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, 2, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())
