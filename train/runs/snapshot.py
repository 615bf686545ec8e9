"""A run's two files of weights: the snapshot, which resuming needs, and the best generator so far."""

import math
from pathlib import Path

from safetensors.torch import save
from torch import nn

from model.files.weights import read_safetensors, with_current_names
from model.files.writing import write_file
from train.training import Training


def save_snapshot(path: Path, training: Training) -> None:
    header = {"step": str(training.step), "seconds": repr(training.seconds), "halvings": str(training.halvings)}
    write_file(path, save(training.tensors(), header))


def load_snapshot(path: Path, training: Training) -> bool:
    """Set `training` to a snapshot. Returns False if there is none."""
    if not path.exists():
        return False
    header, tensors = read_safetensors(path)
    training.load(with_current_names(tensors), int(header["step"]), float(header["seconds"]))
    training.halvings = int(header.get("halvings", 0))
    return True


def snapshot_seconds(path: Path) -> float:
    """How long a snapshot's training took; 0 if there is none."""
    return float(_header(path)["seconds"]) if path.exists() else 0.0


def save_best(path: Path, training: Training, distance: float) -> None:
    """Keep the averaged generator as the best so far, at this distance to real drawings."""
    tensors = {name: tensor.cpu().contiguous() for name, tensor in training.ema.state_dict().items()}
    write_file(path, save(tensors, {"step": str(training.step), "distance": repr(distance)}))


def load_best(path: Path, generator: nn.Module) -> int | None:
    """Set a generator to the best one. Returns its step, or None if no distance was measured."""
    if not path.exists():
        return None
    header, tensors = read_safetensors(path)
    generator.load_state_dict(tensors)
    return int(header["step"])


def best_distance(path: Path) -> float:
    """The distance of the best generator so far; infinite if none was measured."""
    return float(_header(path)["distance"]) if path.exists() else math.inf


def _header(path: Path) -> dict[str, str]:
    return read_safetensors(path, with_tensors=False)[0]
