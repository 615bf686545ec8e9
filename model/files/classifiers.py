"""The files of the two classifiers: the evaluator, and the feature network."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from model.files.weights import CheckpointError, fill, is_count, pack_weights, read_weights, write_file
from model.networks.evaluator import MAX_CHANNELS, Evaluator
from model.networks.feature_network import FeatureNetwork

EVALUATOR_NAME = "_evaluator.safetensors"
EVALUATOR_FORMAT = "endless-doodles/evaluator/1"
MAX_EVALUATOR_BYTES = 10_000_000
FEATURE_NETWORK_NAME = "_guide.safetensors"
FEATURE_NETWORK_FORMAT = "endless-doodles/guide/1"
MAX_FEATURE_NETWORK_BYTES = 5_000_000


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
    header = {"format": EVALUATOR_FORMAT, "report": json.dumps(asdict(report))}
    write_file(path, pack_weights(evaluator.state_dict(), header, MAX_EVALUATOR_BYTES))


def load_evaluator(path: Path) -> tuple[Evaluator, Report]:
    """Raises CheckpointError."""
    header, tensors = read_weights(path, EVALUATOR_FORMAT, MAX_EVALUATOR_BYTES)
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


def save_feature_network(path: Path, network: FeatureNetwork, attribution: str) -> None:
    header = {"format": FEATURE_NETWORK_FORMAT, "attribution": attribution}
    write_file(path, pack_weights(network.state_dict(), header, MAX_FEATURE_NETWORK_BYTES))


def load_feature_network(path: Path) -> FeatureNetwork:
    """Raises CheckpointError."""
    _, tensors = read_weights(path, FEATURE_NETWORK_FORMAT, MAX_FEATURE_NETWORK_BYTES)
    return fill(path, FeatureNetwork, tensors)
