"""Real drawings: from the dataset's public bucket, any mirror of it, or a folder.

A source holds `<class name>.npy` files, uint8 (N, 784); a folder may hold what people bring instead. The cache
keeps the downloaded bytes unchanged, so asking for more rows later downloads only the difference.
"""

import contextlib
import hashlib
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes, urlsplit
from urllib.request import url2pathname

import httpx
import numpy as np
from filelock import FileLock

from model.quickdraw.arrays import needs_conversion
from model.quickdraw.classes import slug
from model.quickdraw.own_drawings import ARRAYS, count_own, find_own, read_own
from train.download import HEADER_BYTES, PASSWORDS, ROW_BYTES, DataError, OnBytes, RemoteFile, is_readable, read_header

BUCKET = "https://storage.googleapis.com/quickdraw_dataset/full/numpy_bitmap/"
ATTRIBUTION = "Quick, Draw! Dataset by Google, CC BY 4.0, https://github.com/googlecreativelab/quickdraw-dataset"
DEFAULT_ROWS = 20_000

log = logging.getLogger(__name__)


def load_drawings(
    class_name: str,
    num_rows: int = DEFAULT_ROWS,
    source: str = BUCKET,
    cache: Path = Path("cache"),
    on_bytes: OnBytes | None = None,
) -> np.ndarray:
    """The first `num_rows` drawings of a class, or all if there are fewer: uint8 (N, 28, 28), read-only.

    source: an http(s) address, a folder with a .npy file or a folder of pictures for each class, or an .npz file.
    cache: where downloaded files are kept. Raises DataError.
    """
    if num_rows < 1:
        raise ValueError(f"num_rows is {num_rows}, but must be at least 1.")
    if "://" in source:
        source = read_source(source)
    if not is_url(source):
        return _load_own(class_name, num_rows, Path(source))
    return _load_file(_download(class_name, num_rows, source.rstrip("/") + "/", cache, on_bytes), num_rows)


def _load_file(path: Path, num_rows: int) -> np.ndarray:
    """The first drawings of a .npy file as the dataset has them, memory-mapped."""
    try:
        promised, start, available = read_extent(path)
        if available < min(promised, num_rows):
            raise DataError(
                f"“{path.name}” is cut short: it holds {available} of {promised} drawings; download it again."
            )
        return np.memmap(path, np.uint8, "r", offset=start, shape=(min(promised, num_rows), 28, 28))
    except OSError as error:
        raise DataError(f"“{path.name}” can't be read: {error.strerror or error}.") from error


def _load_own(class_name: str, num_rows: int, source: Path) -> np.ndarray:
    """The first drawings of a class in a folder or .npz file, however they are stored. Logs what was changed."""
    with _named(source):
        place = find_own(class_name, source)
    if place is None:
        missing = f"array “{class_name}”" if source.suffix == ARRAYS else f"file “{class_name}.npy”"
        others = "" if source.suffix == ARRAYS else f", and no folder “{class_name}” of pictures"
        raise DataError(f"There is no {missing} in {source.name}{others}; check --data or DOODLES_SOURCE.")
    if place.suffix == ".npy" and is_readable(place) and not needs_conversion(drawings := _load_file(place, num_rows)):
        return drawings
    with _named(place):
        drawings, notes = read_own(place, num_rows)
    if notes:
        log.warning("“%s”: %s.", class_name, "; ".join(notes))
    return drawings


@contextlib.contextmanager
def _named(place: Path) -> Iterator[None]:
    """Turn errors about a file or folder of drawings into DataErrors that name it."""
    try:
        yield
    except OSError as error:
        raise DataError(f"“{place.name}” can't be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise DataError(f"“{place.name}” {error}; check --data or DOODLES_SOURCE.") from error


def read_source(text: str) -> str:
    """A source as people write it: a folder becomes absolute, an address is checked. Raises ValueError.

    The errors don't quote an address, because it may hold a password.
    """
    scheme = text.strip().partition("://")[0].lower() if "://" in text else ""
    if scheme == "file":
        address = urlsplit(text.strip())
        if address.netloc not in ("", "localhost"):
            raise ValueError("A file:// address begins with file:/// and the path of a folder on this machine.")
        is_windows = os.name == "nt"
        text = url2pathname(address.path) if is_windows else os.fsdecode(unquote_to_bytes(os.fsencode(address.path)))
        scheme = ""
    if not scheme:
        return str(Path(text).expanduser().resolve())
    if scheme not in ("http", "https"):
        raise ValueError(
            f"Drawings can't come from {scheme}://; give a folder, or an address with http:// or https://."
        )
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL as error:
        raise ValueError("That address of drawings isn't valid; write http://host/folder/.") from error
    if url.userinfo:
        raise ValueError(f"An address of drawings may not hold a name or a password; {PASSWORDS}.")
    if not url.host or url.query or url.fragment:
        raise ValueError("An address of drawings is a host and a folder, without “?” and “#”: http://host/folder/.")
    return text.strip()


def extra_folder(text: str | None) -> str | None:
    """The absolute path of a folder of extra drawings, if one is given. Raises ValueError for a server's address."""
    folder = read_source(text) if text else None
    if folder and is_url(folder):
        raise ValueError("--also takes a folder, not an address; download the drawings first.")
    return folder


def count_drawings(class_name: str, source: str) -> int:
    """How many drawings a folder has of a class; a server isn't asked, so DEFAULT_ROWS. Raises DataError."""
    if is_url(source):
        return DEFAULT_ROWS
    with _named(Path(source)):
        place = find_own(class_name, Path(source))
        return 0 if place is None else count_own(place)


def load_extra(class_name: str, num_rows: int, folder: str | None) -> list[np.ndarray]:
    """A class's drawings in a folder of extra drawings, as from `load_drawings`; none without a folder or class."""
    if folder is None or find_own(class_name, Path(folder)) is None:
        return []
    return [load_drawings(class_name, num_rows, folder)]


def check_extra_folder(folder: str | None, source: str) -> None:
    """Raise ValueError if the folder of extra drawings doesn't exist, or is the source that measuring relies on."""
    if folder is not None and not Path(folder).is_dir():
        raise ValueError(f"There is no folder {folder} of extra drawings; check --also.")
    if folder is not None and Path(folder) == Path(source):
        raise ValueError("--also is the same folder as the data, where drawings are held back; give another folder.")


def is_url(source: str) -> bool:
    """Whether a source of drawings is a server rather than a folder."""
    return urlsplit(source).scheme in ("http", "https")


def cached_path(class_name: str, source: str, cache: Path) -> Path:
    """Where a class's downloaded drawings are kept. An unfinished download lies beside it, as `.part`."""
    source = source.rstrip("/") + "/"
    return cache / hashlib.sha256(source.encode()).hexdigest()[:12] / f"{slug(class_name)}.npy"


def read_extent(path: Path) -> tuple[int, int, int]:
    """The drawings that a .npy file promises, the offset of the first, and how many it holds. Raises DataError."""
    promised, start = read_header(path)
    return promised, start, (path.stat().st_size - start) // ROW_BYTES


def _download(class_name: str, num_rows: int, source: str, cache: Path, on_bytes: OnBytes | None) -> Path:
    """The cached file with at least `num_rows` rows (or all there are), after downloading what it lacks."""
    path = cached_path(class_name, source, cache)
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if path.exists() and is_readable(path):
                path.touch()  # marks it as just used: the cache drops the least recently used files
                if path.stat().st_size >= _num_bytes(path, num_rows):
                    return path
                if not part.exists():
                    shutil.copyfile(path, part)
            if part.exists() and part.stat().st_size >= HEADER_BYTES and not is_readable(part):
                part.unlink()
            remote = RemoteFile(source + quote(f"{class_name}.npy"), class_name)
            try:
                remote.extend(part, HEADER_BYTES)
                remote.check_length(part)
                remote.extend(part, _num_bytes(part, num_rows), on_bytes)
                remote.check_length(part)  # again, because the cached bytes may be from another version of the file
            except DataError:
                # Wrong bytes must not be continued; those of a broken transfer are kept.
                if not remote.interrupted:
                    part.unlink(missing_ok=True)
                raise
            with part.open("r+b") as file:  # Windows flushes only what may be written
                os.fsync(file.fileno())
            part.replace(path)
            return path
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DataError(
            f"The drawings of “{class_name}” can't be stored in the cache: {error.strerror or error}; "
            "free some space or set DOODLES_HOME to another folder."
        ) from error


def _num_bytes(path: Path, num_rows: int) -> int:
    """Size of a file's header and first `num_rows` rows."""
    promised, start = read_header(path)
    return start + min(promised, num_rows) * ROW_BYTES
