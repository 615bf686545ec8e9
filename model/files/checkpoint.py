"""A checkpoint: one generator of one class, in a safetensors file whose header describes it."""

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from model.files.header import count, counts, figure, mapping, read_json, read_object, seeds, text
from model.files.weights import (
    CheckpointError,
    check_format,
    fill,
    pack_weights,
    read_safetensors,
    read_weights,
)
from model.files.writing import write_file
from model.networks.architectures import GENERATORS, build
from model.networks.generator_network import GeneratorNetwork
from model.quickdraw.classes import CLASS_NAMES, slug

FORMAT = "endless-doodles/2"
LICENSE = "CC-BY-4.0"
MAX_BYTES = 2_500_000
MAX_NAME_LENGTH = 120
DOODLENET = "doodlenet_"  # in the names of figures by DoodleNet: doodlenet_recall, real_doodlenet_recall
DRAFT = "draft"  # the recipe of a class that only the shared base draws


@dataclass(frozen=True)
class Card:
    """What a checkpoint says about itself, apart from its weights.

    class_name: what it draws ("cat", "cat+dog"). architecture: see `build`. images_seen: drawings it learned from,
    repeats included. trained_on: how many drawings of each of the dataset's classes there were. source: "folder", or
    the address that they came from. metrics: name to figure, measured at the end of training: by the evaluator and,
    under names that contain DOODLENET, by DoodleNet if it could be had. "real_..." is the same figure of real drawings.
    """

    class_name: str
    architecture: dict[str, object]
    recipe: str
    images_seen: int
    trained_on: dict[str, int]
    source: str
    attribution: str
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def num_drawings(self) -> int:
        return sum(self.trained_on.values())

    @property
    def is_draft(self) -> bool:
        """Whether the shared base draws this class, which has no checkpoint of its own."""
        return self.recipe == DRAFT

    def is_version_of(self, class_name: str, class_names: Iterable[str]) -> bool:
        """Whether a checkpoint of that name, trained on those classes of the dataset, draws the same as this one."""
        return (self.class_name.lower(), self.trained_on.keys()) == (class_name.lower(), set(class_names))

    @property
    def is_measured_by_doodlenet(self) -> bool:
        return any(DOODLENET in name for name in self.metrics)

    @property
    def figures(self) -> dict[str, float]:
        """The metrics to quote, by name: DoodleNet's if there are any, because it is independent of training."""
        by_doodlenet = {name.replace(DOODLENET, ""): value for name, value in self.metrics.items() if DOODLENET in name}
        return by_doodlenet or self.metrics

    @property
    def revision(self) -> str:
        """A short hash that changes with every new run."""
        return f"{zlib.crc32(repr(self).encode()):08x}"


def doodlenet_name(name: str) -> str:
    """What a card calls a figure by DoodleNet: "recall" and "real_recall" get DOODLENET before "recall"."""
    return f"real_{DOODLENET}{name[5:]}" if name.startswith("real_") else DOODLENET + name


def checkpoint_path(folder: Path, class_name: str) -> Path:
    return folder / f"{slug(class_name)}.safetensors"


def save_checkpoint(folder: Path, card: Card, generator: GeneratorNetwork) -> Path:
    """Write `<slug>.safetensors` and return its path. Raises ValueError for weights that don't belong in a file."""
    header = {"format": FORMAT, "license": LICENSE, "card": json.dumps(asdict(card), ensure_ascii=False)}
    if generator.typical_seeds:
        header["typical_seeds"] = json.dumps(generator.typical_seeds)
    path = checkpoint_path(folder, card.class_name)
    write_file(path, pack_weights(generator.state_dict(), header, MAX_BYTES))
    return path


def read_card(path: Path) -> Card:
    """The card of a checkpoint, without its weights. Raises CheckpointError."""
    header, _ = read_safetensors(path, MAX_BYTES, with_tensors=False)
    return _card(path, header)


def load_checkpoint(path: Path) -> tuple[Card, GeneratorNetwork]:
    """The card and the generator, ready to draw, on the CPU in full precision. Raises CheckpointError."""
    header, tensors = read_weights(path, FORMAT, MAX_BYTES)
    card = _card(path, header)
    generator = fill(path, lambda: build(GENERATORS, card.architecture), tensors)
    generator.typical_seeds = _typical_seeds(path, header)
    return card, generator


def check_name(class_name: str) -> str:
    """`class_name`, if it may name a checkpoint. Raises ValueError."""
    allowed = class_name.isascii() and all(character.isalnum() or character in " +-()" for character in class_name)
    if not allowed or not slug(class_name) or len(class_name) > MAX_NAME_LENGTH:
        raise ValueError(
            f"“{class_name[:60]}” can't name a checkpoint; use up to {MAX_NAME_LENGTH} letters, digits, "
            "spaces and + - ( )."
        )
    if re.fullmatch("con|prn|aux|nul|(com|lpt)[0-9]", slug(class_name)):
        raise ValueError(f"Windows keeps the name “{class_name}” for a device; use another name.")
    return class_name


def card_from(values: Mapping[str, object]) -> Card:
    """A card from values that someone else wrote, checked. Raises ValueError."""
    if values.keys() - {field.name for field in fields(Card)}:
        raise ValueError("The card has unknown fields.")
    trained_on = counts(values.get("trained_on"))
    if not trained_on.keys() <= set(CLASS_NAMES):
        raise ValueError("The card names classes that the dataset doesn't have.")
    return Card(
        class_name=check_name(text(values.get("class_name"))),
        architecture={name: _option(value) for name, value in mapping(values.get("architecture")).items()},
        recipe=text(values.get("recipe")),
        images_seen=count(values.get("images_seen")),
        trained_on=trained_on,
        source=text(values.get("source")),
        attribution=text(values.get("attribution")),
        metrics={name: figure(value) for name, value in mapping(values.get("metrics", {})).items()},
    )


def _typical_seeds(path: Path, header: Mapping[str, str]) -> tuple[int, ...]:
    try:
        return seeds(read_json(header, "typical_seeds")) if "typical_seeds" in header else ()
    except ValueError as error:
        raise CheckpointError(f"{path.name} has unreadable typical seeds; fetch or train it again.") from error


def _option(value: object) -> object:
    return value if type(value) in (int, float) else text(value)


def _card(path: Path, header: Mapping[str, str]) -> Card:
    check_format(path, header, FORMAT)
    try:
        card = card_from(read_object(header, "card"))
    except ValueError as error:
        raise CheckpointError(f"{path.name} has an unreadable card; fetch or train it again.") from error
    if path.stem != slug(card.class_name):
        raise CheckpointError(f"{path.name} says that it draws “{card.class_name}”; rename or remove the file.")
    return card
