"""The shared base: one generator that knows all classes, from which any class can be drawn and grown."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.files.weights import (
    CheckpointError,
    check_format,
    fill,
    is_count,
    layout,
    read_safetensors,
    read_weights,
    short,
)
from model.networks.architectures import DISCRIMINATORS, GENERATORS, build
from model.networks.class_embedding import EMBEDDING_DIM
from model.quickdraw.classes import CLASS_NAMES

BASE_NAME = "_base.safetensors"
FORMAT = "endless-doodles/base/2"
MAX_BYTES = 20_000_000


@dataclass(frozen=True)
class Base:
    """What a base's file holds. generator, discriminator: architectures (see `networks.build`); tensors: "part.name".

    images_seen: drawings it learned from, repeats included. rows: how many drawings of each class there were.
    """

    path: Path
    generator: dict[str, object]
    discriminator: dict[str, object]
    images_seen: int
    rows: dict[str, int]
    attribution: str
    tensors: dict[str, Tensor]

    def of_classes(self, part: str, class_names: Sequence[str]) -> dict[str, Tensor]:
        """One part's tensors for a network with a single class: those per class reduced to the mean of some classes."""
        places = torch.tensor([CLASS_NAMES.index(class_name) for class_name in class_names])
        prefix = f"{part}."
        tensors = {name.removeprefix(prefix): t for name, t in self.tensors.items() if name.startswith(prefix)}
        embedding = tensors.pop("class_embedding", torch.zeros(len(CLASS_NAMES), EMBEDDING_DIM))[places].mean(
            0, keepdim=True
        )  # (1, E)
        single = {}
        for name, tensor in tensors.items():
            owner, _, kind = name.rpartition(".")
            if kind == "rows":  # see `PerClass`
                single[name] = tensor[places].mean(0, keepdim=True) + F.linear(embedding, tensors[f"{owner}.shared"])
            elif kind == "recognised":
                single[name] = tensor[places].mean(0, keepdim=True)
            elif kind != "shared":
                single[name] = tensor
        return single

    def generator_of_all(self) -> nn.Module:
        """The generator that takes classes, ready to draw. Raises CheckpointError."""
        prefix = "generator."
        tensors = {name.removeprefix(prefix): t for name, t in self.tensors.items() if name.startswith(prefix)}
        return fill(self.path, lambda: build(GENERATORS, self.generator), tensors)

    def generator_of(self, class_name: str) -> nn.Module:
        """A plain generator of one class, ready to draw. Raises CheckpointError."""
        single = self.generator | {"num_classes": 1}
        return fill(self.path, lambda: build(GENERATORS, single), self.of_classes("generator", [class_name]))


def read_base(path: Path, with_tensors: bool = True) -> Base:
    """Raises CheckpointError."""
    if with_tensors:
        header, tensors = read_weights(path, FORMAT, MAX_BYTES)
    else:
        header, tensors = read_safetensors(path, MAX_BYTES, with_tensors=False)
        check_format(path, header, FORMAT)
    try:
        base = Base(
            path,
            dict(json.loads(header["generator"])),
            dict(json.loads(header["discriminator"])),
            json.loads(header["images_seen"]),
            dict(json.loads(header["rows"])),
            header["attribution"],
            tensors,
        )
        if base.generator["num_classes"] != len(CLASS_NAMES) or base.discriminator["num_classes"] != len(CLASS_NAMES):
            raise ValueError
        if not all(map(is_count, (base.images_seen, *base.rows.values()))):
            raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path.name} has an unreadable header; remove it or train it again.") from error
    if with_tensors:
        _check_layout(base)
    return base


def _check_layout(base: Base) -> None:
    """Raises CheckpointError unless the tensors are exactly those of the two networks that the header describes."""
    try:
        with torch.device("meta"):
            parts = {
                "generator": build(GENERATORS, base.generator),
                "discriminator": build(DISCRIMINATORS, base.discriminator),
            }
        wanted = {f"{part}.{name}": tensor for part, net in parts.items() for name, tensor in net.state_dict().items()}
        if layout(wanted) != layout(base.tensors):
            raise ValueError("its weights do not fit its architecture")
    except (ValueError, RuntimeError, TypeError) as error:
        raise CheckpointError(f"{base.path.name} can't be used: {short(error)}") from error
