"""A network's weights in a safetensors file: packed with a hash, and checked in every way when they are read."""

import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

_DTYPES = (torch.float16, torch.float32, torch.int64)
# What older files call the same tensors.
_OLD_NAMES = ((re.compile(r"\bguide\b"), "feature_network"), (re.compile(r"\bknown\b"), "class_embedding"))

Network = TypeVar("Network", bound=nn.Module)
# Of a tensor: its shape, and its dtype unless that is a float, because floats of any precision fit.
Layout = dict[str, tuple[torch.Size, torch.dtype | None]]


class CheckpointError(ValueError):
    """A file that can't be used. The message names it and says why."""

    @property
    def is_transient(self) -> bool:
        """Whether the file itself may be fine: the system could not open it this time."""
        return isinstance(self.__cause__, OSError)


def pack_weights(tensors: Mapping[str, Tensor], header: Mapping[str, str], max_bytes: int) -> bytes:
    """A file's content: matrices in half precision, smaller tensors in full, and a hash of all of them in the header.

    Raises ValueError for weights that are not finite and for more than `max_bytes` bytes.
    """
    stored = {
        name: (tensor.half() if tensor.dim() > 1 and tensor.is_floating_point() else tensor).cpu().contiguous()
        for name, tensor in tensors.items()
    }
    if not all(tensor.isfinite().all() for tensor in stored.values()):
        raise ValueError("The network has weights that are not finite, so it was not saved.")
    content = save(stored, {**header, "sha256": content_hash(stored)})
    if len(content) > max_bytes:
        raise ValueError(f"The network takes {len(content):,} bytes, but its file may have {max_bytes:,} at most.")
    return content


def read_weights(path: Path, file_format: str, max_bytes: int) -> tuple[dict[str, str], dict[str, Tensor]]:
    """A file's header, and its tensors in full precision. Raises CheckpointError unless all of it is as expected."""
    header, stored = read_safetensors(path, max_bytes)
    check_format(path, header, file_format)
    if content_hash(stored) != header.get("sha256"):
        raise CheckpointError(f"{path.name} is damaged (its content does not match its hash); fetch or train it again.")
    if any(tensor.dtype not in _DTYPES for tensor in stored.values()):
        raise CheckpointError(f"{path.name} can't be used: its weights have an unsupported number type.")
    tensors = with_current_names(stored)
    tensors = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise CheckpointError(f"{path.name} can't be used: its weights are not all finite.")
    return header, tensors


def fill(path: Path, make: Callable[[], Network], tensors: Mapping[str, Tensor]) -> Network:
    """The network that `make` builds, with a file's tensors, ready to use. Raises CheckpointError if they don't fit."""
    try:
        with torch.device("meta"):  # shapes first, memory only for what fits
            network = make()
        if layout(network.state_dict()) != layout(tensors):
            raise ValueError("its weights do not fit its architecture.")
        network.load_state_dict(tensors, assign=True)
    except (ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path.name} can't be used: {short(error)}") from error
    return network.eval().requires_grad_(False)


def check_format(path: Path, header: Mapping[str, str], file_format: str) -> None:
    """Raises CheckpointError if the file has another format."""
    actual = header.get("format", "none")
    if actual != file_format:
        raise CheckpointError(
            f"{path.name} has another format ({actual[:40]}, not {file_format}); update the app or the file."
        )


def read_safetensors(
    path: Path, max_bytes: int | None = None, *, with_tensors: bool = True
) -> tuple[dict[str, str], dict[str, Tensor]]:
    """A file's header and, with `with_tensors`, its tensors by name. Raises CheckpointError."""
    try:
        if max_bytes is not None and path.stat().st_size > max_bytes:
            raise CheckpointError(f"{path.name} is larger than the {max_bytes:,} bytes allowed.")
        with _nameable(path) as name, safe_open(name, "pt") as file:
            names = file.keys() if with_tensors else ()
            return file.metadata() or {}, {name: file.get_tensor(name) for name in names}
    except OSError as error:
        raise CheckpointError(f"{path.name} can't be read ({error.strerror or error}).") from error
    except (SafetensorError, TypeError, RuntimeError) as error:  # the last two for impossible shapes
        raise CheckpointError(f"{path.name} is damaged ({short(error)}); fetch or train it again.") from error


@contextlib.contextmanager
def _nameable(path: Path) -> Iterator[str | Path]:
    """A name of a file that safetensors accepts. It wants UTF-8, but systems with old encodings have other names."""
    try:
        os.fsencode(path).decode()
    except UnicodeDecodeError:
        with path.open("rb") as file:
            yield f"/dev/fd/{file.fileno()}"
    else:
        yield path


def with_current_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under the names that the networks use today."""

    def current(name: str) -> str:
        for pattern, replacement in _OLD_NAMES:
            name = pattern.sub(replacement, name)
        return name

    return {current(name): tensor for name, tensor in tensors.items()}


def layout(tensors: Mapping[str, Tensor]) -> Layout:
    """What has to be the same in a file and in its network: names, shapes and kinds of number."""
    return {name: (each.shape, None if each.is_floating_point() else each.dtype) for name, each in tensors.items()}


def content_hash(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of all tensors with their names, types and shapes."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def short(error: Exception) -> str:
    """The first line of an error's message, or the error's name if it has none."""
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
