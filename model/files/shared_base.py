"""The shared base: one generator of all classes, which draws drafts, and from which a class's own generator grows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from model.files.header import count, counts, read_json, read_object, seeds, text
from model.files.weights import (
    CheckpointError,
    check_format,
    fill,
    layout,
    read_safetensors,
    read_weights,
    short,
)
from model.networks.architectures import DISCRIMINATORS, GENERATORS, build
from model.networks.class_embedding import EMBEDDING_DIM
from model.networks.generator_network import GeneratorNetwork
from model.quickdraw.classes import CLASS_NAMES

BASE_NAME = "_base.safetensors"
FORMAT = "endless-doodles/base/2"
MAX_BYTES = 20_000_000


@dataclass(frozen=True)
class Base:
    """What a base's file holds. generator, discriminator: architectures (see `build`). tensors: by "part.name".

    images_seen: drawings it learned from, repeats included. rows: how many drawings of each class there were.
    typical_seeds: those of each class, see `GeneratorNetwork`; empty in older files.
    """

    path: Path
    generator: dict[str, object]
    discriminator: dict[str, object]
    images_seen: int
    rows: dict[str, int]
    attribution: str
    typical_seeds: dict[str, tuple[int, ...]]
    tensors: dict[str, Tensor]

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors of one part, "generator" or "discriminator"."""
        prefix = f"{name}."
        return {name.removeprefix(prefix): each for name, each in self.tensors.items() if name.startswith(prefix)}

    def of_classes(self, part: str, class_names: Sequence[str]) -> dict[str, Tensor]:
        """One part's tensors for a network with a single class, which is the mean of the given classes."""
        indices = torch.tensor([CLASS_NAMES.index(class_name) for class_name in class_names])
        tensors = self.part(part)
        embeddings = tensors.pop("class_embedding", torch.zeros(len(CLASS_NAMES), EMBEDDING_DIM))
        embedding = embeddings[indices].mean(0, keepdim=True)  # (1, E)
        single = {}
        for name, tensor in tensors.items():
            owner, _, kind = name.rpartition(".")
            if kind == "rows":  # see `PerClass`
                row = tensor[indices].mean(0, keepdim=True) + F.linear(embedding, tensors[f"{owner}.shared"])
                basis = tensors.get(f"{owner}.basis")
                single[name] = row if basis is None else F.linear(row, basis)
            elif kind == "recognised":
                single[name] = tensor[indices].mean(0, keepdim=True)
            elif kind not in ("shared", "basis"):
                single[name] = tensor
        return single

    def generator_of_all(self) -> GeneratorNetwork:
        """The generator of all classes, ready to draw. Raises CheckpointError."""
        return fill(self.path, lambda: build(GENERATORS, self.generator), self.part("generator"))

    def generator_of(self, class_name: str) -> GeneratorNetwork:
        """A generator of one class, ready to draw. Raises CheckpointError."""
        single = self.generator | {"num_classes": 1}
        generator = fill(self.path, lambda: build(GENERATORS, single), self.of_classes("generator", [class_name]))
        generator.typical_seeds = self.typical_seeds.get(class_name, ())
        return generator


def read_base(path: Path, *, with_tensors: bool = True) -> Base:
    """The base in a file, without tensors if only its header is needed. Raises CheckpointError."""
    if with_tensors:
        header, tensors = read_weights(path, FORMAT, MAX_BYTES)
    else:
        header, tensors = read_safetensors(path, MAX_BYTES, with_tensors=False)
        check_format(path, header, FORMAT)
    try:
        base = Base(
            path=path,
            generator=read_object(header, "generator"),
            discriminator=read_object(header, "discriminator"),
            images_seen=count(read_json(header, "images_seen")),
            rows=counts(read_json(header, "rows")),
            attribution=text(header.get("attribution")),
            typical_seeds=_typical_seeds(header),
            tensors=tensors,
        )
        if any(each.get("num_classes") != len(CLASS_NAMES) for each in (base.generator, base.discriminator)):
            raise ValueError("The base has another number of classes.")
    except ValueError as error:
        raise CheckpointError(f"{path.name} has an unreadable header; remove it or train it again.") from error
    if with_tensors:
        _check_layout(base)
    return base


def _typical_seeds(header: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
    if "typical_seeds" not in header:
        return {}
    return {class_name: seeds(each) for class_name, each in read_object(header, "typical_seeds").items()}


def _check_layout(base: Base) -> None:
    """Raises CheckpointError unless the tensors are exactly those of the two networks that the header describes."""
    try:
        with torch.device("meta"):
            parts = {
                "generator": build(GENERATORS, base.generator),
                "discriminator": build(DISCRIMINATORS, base.discriminator),
            }
        expected = {f"{part}.{name}": each for part, net in parts.items() for name, each in net.state_dict().items()}
        if layout(expected) != layout(base.tensors):
            raise ValueError("its weights do not fit its architecture.")
    except (ValueError, RuntimeError) as error:
        raise CheckpointError(f"{base.path.name} can't be used: {short(error)}") from error
