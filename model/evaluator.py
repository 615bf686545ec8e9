"""The evaluator: what does a drawing look like, among all 345 classes? Metrics stand on its features."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional as F

from model.classes import CLASS_NAMES
from model.weights import CheckpointError, fill, is_count, pack_weights, read_weights, write_file

EVALUATOR_NAME = "_evaluator.safetensors"
FORMAT = "endless-doodles/evaluator/1"
MAX_BYTES = 10_000_000
MAX_CHANNELS = 96


class Residual(nn.Module):
    """Two convolutions with batch norm around a shortcut (He et al. 2016, "Deep Residual Learning", fig. 2)."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return F.relu(x + self.second(self.first(x).relu()))


class Evaluator(nn.Module):
    """A small residual classifier. channels: at 14x14, twice as many at 7x7, four times as many at 4x4."""

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
        """Ink (N, 1, 28, 28) to what is seen where: (N, C, 14, 14), (N, 2C, 7, 7) and (N, 4C, 4, 4)."""
        fine = self.at14(self.to14(ink))
        middle = self.at7(self.to7(fine))
        return fine, middle, self.at4(self.to4(middle))

    def features(self, ink: Tensor) -> Tensor:
        """Ink (N, 1, 28, 28) to features (N, 4C)."""
        return self.maps(ink)[-1].mean((2, 3))

    def forward(self, ink: Tensor) -> Tensor:
        """Ink (N, 1, 28, 28) to one logit per class (N, K)."""
        return self.to_logits(self.features(ink))


def _down(inputs: int, outputs: int, size: int) -> nn.Module:
    """A convolution to half the height and width, with batch norm."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, 2, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


@dataclass(frozen=True)
class Report:
    """How an evaluator came to be. top1, top5: share of held-back drawings recognised, the mean over classes."""

    channels: int
    images_seen: int
    num_drawings: int
    top1: float
    top5: float
    attribution: str


def save_evaluator(path: Path, evaluator: Evaluator, report: Report) -> None:
    header = {"format": FORMAT, "report": json.dumps(asdict(report))}
    write_file(path, pack_weights(evaluator.state_dict(), header, MAX_BYTES))


def load_evaluator(path: Path) -> tuple[Evaluator, Report]:
    """Raises CheckpointError."""
    header, tensors = read_weights(path, FORMAT, MAX_BYTES)
    try:
        report = Report(**json.loads(header["report"]))
        counts = (report.channels, report.images_seen, report.num_drawings)
        shares = (report.top1, report.top5)
        if not (all(map(is_count, counts)) and 1 <= report.channels <= MAX_CHANNELS):
            raise ValueError
        if not all(type(share) is float and 0 <= share <= 1 for share in shares):
            raise ValueError
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path.name} has an unreadable header; remove it or train it again.") from error
    return fill(path, lambda: Evaluator(report.channels), tensors), report
