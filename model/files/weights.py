"""Files of weights: safetensors, written whole or not at all, read with suspicion."""

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

_KINDS = (torch.float16, torch.float32, torch.int64)
# Names that files written before this version have for the same tensors.
_OLD_NAMES = ((re.compile(r"\bguide\b"), "feature_network"), (re.compile(r"\bknown\b"), "class_embedding"))


class CheckpointError(ValueError):
    """A file that can't be used; the message names the file and says why."""

    @property
    def is_transient(self) -> bool:
        """Whether the system refused to open the file, which may be read the next time."""
        return isinstance(self.__cause__, OSError)


def write_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write all or nothing: a temporary file beside it, flushed to disk, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def clear_temporaries(*folders: Path, name: str = "*") -> None:
    """Remove what `write_file` left of files of that name when its process was killed; nobody may be writing there."""
    for folder in folders:
        for path in folder.glob(f".{name}.*.tmp"):
            path.unlink(missing_ok=True)


def pack_weights(tensors: Mapping[str, Tensor], header: Mapping[str, str], max_bytes: int) -> bytes:
    """A file's content: matrices in half precision, the small rest in full, and a hash of it all in its header.

    Raises ValueError for weights that are not finite and for more bytes than such a file may have.
    """
    stored = {
        name: (tensor.half() if tensor.dim() > 1 and tensor.is_floating_point() else tensor).cpu().contiguous()
        for name, tensor in tensors.items()
    }
    if not all(tensor.isfinite().all() for tensor in stored.values()):
        raise ValueError("The network has weights that are not finite; it is not saved.")
    content = save(stored, {**header, "sha256": content_hash(stored)})
    if len(content) > max_bytes:
        raise ValueError(f"The network takes {len(content)} bytes; its file holds {max_bytes} at most.")
    return content


def read_weights(path: Path, form: str, max_bytes: int) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Header and tensors, in full precision, of a file of the format `form`. Raises CheckpointError."""
    header, stored = read_safetensors(path, max_bytes)
    check_format(path, header, form)
    if content_hash(stored) != header.get("sha256"):
        raise CheckpointError(f"{path.name} is damaged (its content does not match its hash); fetch or train it again.")
    if any(tensor.dtype not in _KINDS for tensor in stored.values()):
        raise CheckpointError(f"{path.name} can't be used: its weights are of a kind that networks here don't have")
    tensors = with_current_names(stored)
    tensors = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise CheckpointError(f"{path.name} can't be used: its weights are not all finite")
    return header, tensors


def fill(path: Path, make: Callable[[], nn.Module], tensors: Mapping[str, Tensor]) -> nn.Module:
    """The network that `make` builds with a file's tensors, ready to use. Raises CheckpointError if they don't fit."""
    try:
        with torch.device("meta"):  # shapes first, memory only for what fits
            network = make()
        if layout(network.state_dict()) != layout(tensors):
            raise ValueError("its weights do not fit its architecture")
        network.load_state_dict(tensors, assign=True)
    except (ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path.name} can't be used: {short(error)}") from error
    return network.eval().requires_grad_(False)


def is_count(number: object) -> bool:
    """Whether something read from a header is a number of things."""
    return type(number) is int and 0 <= number < 10**12


def check_format(path: Path, header: Mapping[str, str], form: str) -> None:
    if header.get("format") != form:
        found = str(header.get("format", "no format"))[:40]
        raise CheckpointError(f"{path.name} is of another format ({found}, not {form}); update the app or the file.")


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
    except (SafetensorError, TypeError, RuntimeError) as error:  # the latter two for shapes that no tensor can have
        raise CheckpointError(f"{path.name} is damaged ({short(error)}); fetch or train it again.") from error


def with_current_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors, by the names that networks have for them today."""

    def current(name: str) -> str:
        for pattern, replacement in _OLD_NAMES:
            name = pattern.sub(replacement, name)
        return name

    return {current(name): tensor for name, tensor in tensors.items()}


def layout(tensors: Mapping[str, Tensor]) -> dict[str, tuple]:
    """What has to agree between a file and the network it is for: names, shapes, and what kind of number."""
    return {name: (tensor.shape, tensor.is_floating_point() or tensor.dtype) for name, tensor in tensors.items()}


def content_hash(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def short(error: Exception) -> str:
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
