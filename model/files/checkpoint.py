"""The one file format: a generator that draws one class, in a safetensors file that says all about itself."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from torch import nn

from model.files.weights import (
    CheckpointError,
    check_format,
    fill,
    is_count,
    pack_weights,
    read_safetensors,
    read_weights,
    write_file,
)
from model.networks.architectures import GENERATORS, build
from model.quickdraw.classes import CLASS_NAMES, slug

REPOSITORY = Path(__file__).resolve().parents[2]
FORMAT = "endless-doodles/2"
LICENSE = "CC-BY-4.0"
MAX_BYTES = 2_500_000
MAX_NAME_LENGTH = 120
MAX_TEXT_LENGTH = 2000
MAX_FIGURE = 1e12
DRAFT = "draft"  # the recipe of a class that only the shared base knows


@dataclass(frozen=True)
class Card:
    """What a checkpoint says about itself, apart from its weights.

    class_name: what people ask for ("cat", "cat+dog"). trained_on: the dataset's classes behind it, with the number of
    drawings of each. architecture: see `networks.build`. metrics: name to figure, as the training measured them.
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

    @property
    def revision(self) -> str:
        """Another one whenever a checkpoint was made anew."""
        return f"{zlib.crc32(repr(self).encode()):08x}"


def checkpoint_path(folder: Path, class_name: str) -> Path:
    return folder / f"{slug(class_name)}.safetensors"


def checkpoint_folders(home: Path) -> list[Path]:
    """Where to draw from: what was trained under `home`, then what came with the repository."""
    return list(dict.fromkeys([home / "checkpoints", REPOSITORY / "checkpoints"]))


def save_checkpoint(folder: Path, card: Card, generator: nn.Module) -> Path:
    """Write `<slug>.safetensors`: matrices in half precision, the small rest in full. Returns the path."""
    header = {"format": FORMAT, "license": LICENSE, "card": json.dumps(asdict(card), ensure_ascii=False)}
    path = checkpoint_path(folder, card.class_name)
    write_file(path, pack_weights(generator.state_dict(), header, MAX_BYTES))
    return path


def read_card(path: Path) -> Card:
    """The card of a checkpoint, without its weights. Raises CheckpointError."""
    header, _ = read_safetensors(path, MAX_BYTES, with_tensors=False)
    return _card(path, header)


def load_checkpoint(path: Path) -> tuple[Card, nn.Module]:
    """A card and its generator, ready to draw, on the CPU in full precision. Raises CheckpointError."""
    header, tensors = read_weights(path, FORMAT, MAX_BYTES)
    card = _card(path, header)
    return card, fill(path, lambda: build(GENERATORS, card.architecture), tensors)


def check_name(class_name: str) -> str:
    """A name that a checkpoint may carry, as it is. Raises ValueError."""
    allowed = class_name.isascii() and all(letter.isalnum() or letter in " +-()" for letter in class_name)
    if not allowed or not slug(class_name) or len(class_name) > MAX_NAME_LENGTH:
        raise ValueError(
            f"“{class_name[:60]}” can't name a checkpoint; use up to {MAX_NAME_LENGTH} letters, digits, "
            "spaces and + - ( )."
        )
    return class_name


def card_from(values: Mapping[str, object]) -> Card:
    """A card of somebody else's values, checked. Raises ValueError, TypeError and the like."""
    card = Card(**values)
    well_formed = (
        all(map(_is_text, (card.class_name, card.recipe, card.source, card.attribution)))
        and isinstance(card.architecture, dict)
        and all(map(_is_text, (*card.architecture, *card.metrics)))
        and set(card.trained_on) <= set(CLASS_NAMES)
        and all(_is_text(option) or type(option) in (int, float) for option in card.architecture.values())
        and all(map(is_count, card.trained_on.values()))
        and all(type(figure) in (int, float) and abs(figure) < MAX_FIGURE for figure in card.metrics.values())
        and is_count(card.images_seen)
    )
    if not well_formed:
        raise TypeError
    check_name(card.class_name)
    return card


def _is_text(text: object) -> bool:
    """Whether something read from a header can be shown, sent and stored: no line breaks, no halves of characters."""
    return isinstance(text, str) and len(text) <= MAX_TEXT_LENGTH and text.isprintable()


def _card(path: Path, header: Mapping[str, str]) -> Card:
    check_format(path, header, FORMAT)
    try:
        card = card_from(json.loads(header["card"]))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise CheckpointError(f"{path.name} has an unreadable card; fetch or train it again.") from error
    if path.stem != slug(card.class_name):
        raise CheckpointError(f"{path.name} says that it draws “{card.class_name}”; rename or remove the file.")
    return card
