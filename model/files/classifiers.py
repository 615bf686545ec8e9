"""The files of the two classifiers: the evaluator and the feature network."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from model.files.header import count, figure, read_object, text
from model.files.weights import CheckpointError, fill, pack_weights, read_weights
from model.files.writing import write_file
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
    """How an evaluator was trained. top1, top5: share of held-back drawings that it recognises, a mean over classes."""

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
        values = read_object(header, "report")
        report = Report(
            channels=count(values.get("channels")),
            images_seen=count(values.get("images_seen")),
            num_drawings=count(values.get("num_drawings")),
            top1=figure(values.get("top1")),
            top5=figure(values.get("top5")),
            attribution=text(values.get("attribution")),
        )
        if not (1 <= report.channels <= MAX_CHANNELS and 0 <= report.top1 <= 1 and 0 <= report.top5 <= 1):
            raise ValueError("The report has numbers out of bounds.")
    except ValueError as error:
        raise CheckpointError(f"{path.name} has an unreadable header; remove it or train it again.") from error
    return fill(path, lambda: Evaluator(report.channels), tensors), report


def save_feature_network(path: Path, network: FeatureNetwork, attribution: str) -> None:
    header = {"format": FEATURE_NETWORK_FORMAT, "attribution": attribution}
    write_file(path, pack_weights(network.state_dict(), header, MAX_FEATURE_NETWORK_BYTES))


def load_feature_network(path: Path) -> FeatureNetwork:
    """Raises CheckpointError."""
    _, tensors = read_weights(path, FEATURE_NETWORK_FORMAT, MAX_FEATURE_NETWORK_BYTES)
    return fill(path, FeatureNetwork, tensors)
