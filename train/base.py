"""The shared base: one pair of networks that knows all 345 classes, from which a class grows its own in minutes."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from model.checkpoint import CheckpointError, read_safetensors, write_file
from model.classes import CLASS_NAMES
from train.data import ATTRIBUTION
from train.home import BASE_NAME
from train.loop import Training

FORMAT = "endless-doodles/base/1"
_PER_CLASS = ("gain", "bias", "of_class")  # the tensors with one row per class


def save_base(folder: Path, training: Training) -> Path:
    """Write the averaged generator and the discriminator, in half precision. Returns the path."""
    parts = {"generator": training.ema, "discriminator": training.discriminator}
    tensors = {f"{part}.{name}": tensor for part, net in parts.items() for name, tensor in net.state_dict().items()}
    halves = {
        name: (tensor.half() if tensor.dim() > 1 else tensor).cpu().contiguous() for name, tensor in tensors.items()
    }
    header = {
        "format": FORMAT,
        "generator": json.dumps(training.architecture),
        "discriminator": json.dumps(training.discriminator_architecture),
        "images_seen": str(training.step * training.config.batch_size),
        "attribution": ATTRIBUTION,
    }
    path = folder / BASE_NAME
    write_file(path, save(halves, header))
    return path


def images_seen(path: Path) -> int:
    """How many drawings a base has learned from, repeats included; 0 for a file that is no base."""
    try:
        header, _ = read_safetensors(path, with_tensors=False)
        return int(header["images_seen"])
    except (CheckpointError, KeyError, ValueError):
        return 0


def grow_from_base(training: Training, path: Path, class_names: Sequence[str]) -> bool:
    """Set both networks of a single-class training to what the base knows of `class_names`, their mean for a mixture.

    Returns False, and changes nothing, when the base has other networks than the training. Raises CheckpointError.
    """
    header, tensors = read_safetensors(path)
    if header.get("format") != FORMAT:
        raise CheckpointError(f"{path.name} is no base of the format {FORMAT}; remove it or train it again.")
    architectures = {"generator": training.architecture, "discriminator": training.discriminator_architecture}
    for part, architecture in architectures.items():
        if header.get(part) != json.dumps(architecture | {"num_classes": len(CLASS_NAMES)}):
            return False
    rows = torch.tensor([CLASS_NAMES.index(class_name) for class_name in class_names])
    try:
        generator = _of_classes(tensors, "generator", rows)
        training.generator.load_state_dict(generator)
        training.ema.load_state_dict(generator)
        training.discriminator.load_state_dict(_of_classes(tensors, "discriminator", rows))
    except (RuntimeError, IndexError) as error:
        raise CheckpointError(f"{path.name} does not fit its own header; remove it or train it again.") from error
    return True


def _of_classes(tensors: dict[str, Tensor], part: str, rows: Tensor) -> dict[str, Tensor]:
    """One network's tensors, those with a row per class (345, ...) reduced to the mean of some rows (1, ...)."""
    chosen = {}
    for name, tensor in tensors.items():
        if not name.startswith(f"{part}."):
            continue
        per_class = name.rpartition(".")[2] in _PER_CLASS and len(tensor) == len(CLASS_NAMES)
        full = tensor.float() if tensor.is_floating_point() else tensor
        chosen[name.removeprefix(f"{part}.")] = full[rows].mean(0, keepdim=True) if per_class else full
    return chosen
