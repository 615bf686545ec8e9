"""The one file format: a generator that draws one class, in a safetensors file that says all about itself."""

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from model.classes import slug
from model.networks import GENERATORS, build

REPOSITORY = Path(__file__).resolve().parent.parent
FORMAT = "endless-doodles/1"
LICENSE = "CC-BY-4.0"
MAX_BYTES = 2_500_000
MAX_NAME_LENGTH = 120


class CheckpointError(ValueError):
    """A file that is no usable checkpoint; the message names the file and says why."""


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


def checkpoint_path(folder: Path, class_name: str) -> Path:
    return folder / f"{slug(class_name)}.safetensors"


def checkpoint_folders(home: Path) -> list[Path]:
    """Where to draw from: what was trained under `home`, then what came with the repository."""
    return list(dict.fromkeys([home / "checkpoints", REPOSITORY / "checkpoints"]))


def write_file(path: Path, content: bytes) -> None:
    """Write all or nothing: a temporary file beside it, flushed to disk, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def save_checkpoint(folder: Path, card: Card, generator: nn.Module) -> Path:
    """Write `<slug>.safetensors`: matrices in half precision, the small rest in full. Returns the path."""
    tensors = {
        name: (tensor.half() if tensor.dim() > 1 and tensor.is_floating_point() else tensor).cpu().contiguous()
        for name, tensor in generator.state_dict().items()
    }
    header = {
        "format": FORMAT,
        "license": LICENSE,
        "sha256": _content_hash(tensors),
        "card": json.dumps(asdict(card), ensure_ascii=False),
    }
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise ValueError(f"The generator of “{card.class_name}” has weights that are not finite; it is not saved.")
    content = save(tensors, header)
    if len(content) > MAX_BYTES:
        raise ValueError(f"The generator takes {len(content)} bytes; a checkpoint holds {MAX_BYTES} at most.")
    path = checkpoint_path(folder, card.class_name)
    write_file(path, content)
    return path


def read_card(path: Path) -> Card:
    """The card of a checkpoint, without its weights. Raises CheckpointError."""
    header, _ = read_safetensors(path, MAX_BYTES, with_tensors=False)
    return _card(path, header)


def load_checkpoint(path: Path) -> tuple[Card, nn.Module]:
    """A card and its generator, ready to draw, on the CPU in full precision. Raises CheckpointError."""
    header, stored = read_safetensors(path, MAX_BYTES)
    card = _card(path, header)
    if _content_hash(stored) != header.get("sha256"):
        raise CheckpointError(f"{path.name} is damaged (its content does not match its hash); fetch or train it again.")
    try:
        with torch.device("meta"):  # shapes first, memory only for what fits
            generator = build(GENERATORS, card.architecture)
        if _layout(generator.state_dict()) != _layout(stored):
            raise ValueError("its weights do not fit its architecture")
        tensors = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in stored.items()}
        if not all(tensor.isfinite().all() for tensor in tensors.values()):
            raise ValueError("its weights are not all finite")
        generator.load_state_dict(tensors, assign=True)
    except (ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path.name} can't be used: {_short(error)}") from error
    return card, generator.eval().requires_grad_(False)


def check_name(class_name: str) -> str:
    """A name that a checkpoint may carry, as it is. Raises ValueError."""
    allowed = class_name.isascii() and all(letter.isalnum() or letter in " +-()" for letter in class_name)
    if not allowed or not slug(class_name) or len(class_name) > MAX_NAME_LENGTH:
        raise ValueError(
            f"“{class_name[:60]}” can't name a checkpoint; use up to {MAX_NAME_LENGTH} letters, digits, "
            "spaces and + - ( )."
        )
    return class_name


def read_safetensors(
    path: Path, max_bytes: int | None = None, with_tensors: bool = True
) -> tuple[dict[str, str], dict[str, Tensor]]:
    """A file's metadata and, unless left out, its tensors by name. Raises CheckpointError."""
    try:
        if max_bytes is not None and path.stat().st_size > max_bytes:
            raise CheckpointError(f"{path.name} has more than the {max_bytes} bytes that such a file may have.")
        with safe_open(path, "pt") as file:
            names = file.keys() if with_tensors else ()
            return file.metadata() or {}, {name: file.get_tensor(name) for name in names}
    except OSError as error:
        raise CheckpointError(f"{path.name} can't be read ({error.strerror or error}).") from error
    except SafetensorError as error:
        raise CheckpointError(f"{path.name} is damaged ({_short(error)}); fetch or train it again.") from error


def _card(path: Path, header: Mapping[str, str]) -> Card:
    if header.get("format") != FORMAT:
        found = str(header.get("format", "no format"))[:40]
        raise CheckpointError(f"{path.name} is of another format ({found}, not {FORMAT}); update the app or the file.")
    try:
        card = Card(**json.loads(header["card"]))
        well_formed = (
            all(isinstance(text, str) for text in (card.class_name, card.recipe, card.source, card.attribution))
            and isinstance(card.architecture, dict)
            and all(isinstance(key, str) and _is_count(rows) for key, rows in card.trained_on.items())
            and all(
                isinstance(key, str) and type(figure) in (int, float) and math.isfinite(figure)
                for key, figure in card.metrics.items()
            )
            and _is_count(card.images_seen)
        )
        if not well_formed:
            raise TypeError
        check_name(card.class_name)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise CheckpointError(f"{path.name} has an unreadable card; fetch or train it again.") from error
    if path.stem != slug(card.class_name):
        raise CheckpointError(f"{path.name} says that it draws “{card.class_name}”; rename or remove the file.")
    return card


def _is_count(number: object) -> bool:
    return type(number) is int and 0 <= number < 10**12


def _layout(tensors: Mapping[str, Tensor]) -> dict[str, tuple]:
    """What has to agree between a file and the network it is for: names, shapes, and what kind of number."""
    return {name: (tensor.shape, tensor.is_floating_point() or tensor.dtype) for name, tensor in tensors.items()}


def _content_hash(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
