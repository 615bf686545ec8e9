"""Real drawings: from the dataset's public bucket, any mirror of it, or a folder.

A source holds `<class name>.npy` files, uint8 (N, 784). Of a served file only the header and the first rows are
fetched, by HTTP range. The cache keeps those bytes as they came, so that asking for more rows later fetches only the
difference.
"""

import hashlib
import http.client
import logging
import os
import random
import re
import shutil
import time
import tokenize
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np
from filelock import FileLock

from model.quickdraw.classes import slug

BUCKET = "https://storage.googleapis.com/quickdraw_dataset/full/numpy_bitmap/"
ATTRIBUTION = "Quick, Draw! Dataset by Google, CC BY 4.0, https://github.com/googlecreativelab/quickdraw-dataset"
DEFAULT_ROWS = 20_000
ROW_BYTES = 784
ATTEMPTS = 5
TIMEOUT_SECONDS = 20.0
_CHUNK_BYTES = 1 << 16
_HEADER_BYTES = 128  # of the dataset's files: 80 in the older, 128 in the newer form of the format

Report = Callable[[int, int], None]  # called with the bytes at hand and the bytes wanted

log = logging.getLogger(__name__)


class DataError(RuntimeError):
    """Drawings can't be had; the message is one sentence that says why."""


def load_drawings(
    class_name: str,
    num_rows: int = DEFAULT_ROWS,
    source: str = BUCKET,
    cache: Path = Path("cache"),
    report: Report | None = None,
) -> np.ndarray:
    """The first `num_rows` drawings of a class, or all where there are fewer: uint8 (N, 28, 28), read-only.

    source: an http(s) address or a folder. cache: where fetched files are kept. Raises DataError.
    """
    if num_rows < 1:
        raise ValueError(f"{num_rows} drawings were asked for; ask for at least 1.")
    if urlsplit(source).scheme in ("http", "https"):
        path = _fetched(class_name, num_rows, source.rstrip("/") + "/", cache, report)
    else:
        path = Path(source) / f"{class_name}.npy"
        if not path.is_file():
            raise DataError(f"There is no file “{path.name}” in the folder of drawings; check the data setting.")
    try:
        rows, start, at_hand = read_extent(path)
        if at_hand < min(rows, num_rows):
            raise DataError(f"“{path.name}” is cut short: it holds {at_hand} of {rows} drawings; get it anew.")
        return np.memmap(path, np.uint8, "r", offset=start, shape=(min(rows, num_rows), 28, 28))
    except OSError as error:
        raise DataError(f"“{path.name}” can't be read: {error.strerror or error}.") from error


def count_drawings(class_name: str, source: str) -> int:
    """How many drawings a source has of a class, if that can be told without fetching: a served file counts as full."""
    if urlsplit(source).scheme in ("http", "https"):
        return DEFAULT_ROWS
    path = Path(source) / f"{class_name}.npy"
    return _read_header(path)[0] if path.is_file() else 0


def load_more(class_name: str, num_rows: int, also: str | None) -> list[np.ndarray]:
    """The drawings that a folder of more drawings has of a class, as `load_drawings` gives them; none without one."""
    there = also is not None and (Path(also) / f"{class_name}.npy").is_file()
    return [load_drawings(class_name, num_rows, also)] if there else []


def check_more(also: str | None, source: str) -> None:
    """Raises ValueError for a folder of more drawings that isn't there or that measuring relies on."""
    if also is not None and not Path(also).is_dir():
        raise ValueError(f"There is no folder {also} of more drawings; check --also.")
    if also is not None and Path(also) == Path(source):
        raise ValueError("--also is the folder that drawings are held back in; give another or leave it out.")


def cached_path(class_name: str, source: str, cache: Path) -> Path:
    """Where what was fetched of a class is kept; what is still being fetched lies beside it, as `.part`."""
    source = source.rstrip("/") + "/"
    return cache / hashlib.sha256(source.encode()).hexdigest()[:12] / f"{slug(class_name)}.npy"


def _fetched(class_name: str, num_rows: int, source: str, cache: Path, report: Report | None) -> Path:
    """The cached file that holds at least the rows asked for (or all there are), fetched as far as it has to be."""
    path = cached_path(class_name, source, cache)
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if path.exists() and _is_readable(path):
                path.touch()  # used now: least recently used goes first
                if path.stat().st_size >= _wanted_bytes(path, num_rows):
                    return path
                if not part.exists():
                    shutil.copyfile(path, part)
            if part.exists() and part.stat().st_size >= _HEADER_BYTES and not _is_readable(part):
                part.unlink()
            remote = _Remote(source + quote(f"{class_name}.npy"), class_name)
            try:
                remote.extend(part, _HEADER_BYTES)
                remote.check_length(part)
                remote.extend(part, _wanted_bytes(part, num_rows), report)
                remote.check_length(part)  # again, for what was at hand may be of another version than what came
            except DataError:
                # Bytes that turned out wrong must not be built upon; those of a broken transfer are kept.
                if not remote.interrupted:
                    part.unlink(missing_ok=True)
                raise
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(path)
            return path
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DataError(
            f"The drawings of “{class_name}” can't be stored in the cache: {error.strerror or error}; "
            "free some space or set another folder."
        ) from error


class _Remote:
    """One served file."""

    def __init__(self, url: str, class_name: str):
        self.url, self.class_name = url, class_name
        self.host = urlsplit(url).netloc
        self.length: int | None = None
        self.interrupted = False

    def extend(self, part: Path, wanted: int, report: Report | None = None) -> None:
        """Append to `part` until it holds the file's first `wanted` bytes; a broken transfer goes on where it broke."""
        failures = 0
        while (have := part.stat().st_size if part.exists() else 0) < wanted:
            trouble, wait = self._transfer(part, have, wanted, report)
            if trouble is None:
                return
            failures = 1 if part.exists() and part.stat().st_size > have else failures + 1
            if failures >= ATTEMPTS:
                self.interrupted = True
                raise DataError(
                    f"The drawings of “{self.class_name}” could not be fetched from {self.host}: {trouble}; "
                    "check the network or the data setting, then try again."
                )
            time.sleep(wait or min(10.0, 0.25 * 2**failures) * random.uniform(0.5, 1.0))

    def check_length(self, part: Path) -> None:
        """Hold the served length against what the header promises."""
        rows, start = _read_header(part)
        if self.length is not None and self.length != start + rows * ROW_BYTES:
            raise DataError(
                f"“{self.class_name}.npy” on {self.host} has {self.length} bytes where its header promises "
                f"{start + rows * ROW_BYTES}; the copy there is damaged, use another source."
            )

    def _transfer(self, part: Path, have: int, wanted: int, report: Report | None) -> tuple[str | None, float]:
        """One request. Returns what went wrong, None for nothing, and how long the server asks to wait."""
        request = urllib.request.Request(
            self.url,
            headers={"Range": f"bytes={have}-{wanted - 1}", "Accept-Encoding": "identity", "User-Agent": "doodles/1"},
        )
        try:
            with part.open("ab") as file, _open(request) as response:
                skip = self._check_response(response, have)
                wanted = min(wanted, self.length if self.length is not None else wanted)
                for chunk in _chunks(response, skip, wanted - have):
                    file.write(chunk)
                    file.flush()
                    have += len(chunk)
                    if report:
                        report(have, wanted)
        except urllib.error.HTTPError as error:
            if error.code in (403, 404, 410):
                raise DataError(f"{self.host} has no drawings of “{self.class_name}” ({error.code}).") from error
            if error.code == 416:
                raise DataError(f"“{self.class_name}.npy” on {self.host} is shorter than it was; try again.") from error
            retry_after = error.headers.get("Retry-After", "")
            return f"it answers {error.code}", min(30.0, float(retry_after)) if retry_after.isdigit() else 0.0
        except _NetworkError as error:
            return str(error), 0.0
        return (None if have >= wanted else "the transfer broke off"), 0.0

    def _check_response(self, response: http.client.HTTPResponse, have: int) -> int:
        """Learn the file's length; returns how many bytes of the answer we hold already."""
        if response.headers.get_content_type() == "text/html":
            raise DataError(
                f"{self.host} sent a web page in place of drawings of “{self.class_name}”; check its address."
            )
        if response.status == 206:
            match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
            if not match or int(match[1]) != have:
                raise DataError(
                    f"{self.host} sent another part of “{self.class_name}.npy” than asked; use another source."
                )
            self.length = int(match[2]) if match[2] != "*" else None
            return 0
        log.warning("%s does not serve parts of files; reading “%s” from its start.", self.host, self.class_name)
        length = response.headers.get("Content-Length", "")
        self.length = int(length) if length.isdigit() else None
        return have


class _NetworkError(Exception):
    """Trouble on the way, told apart from the disk's, since both are OSErrors; worth another try."""


def _open(request: urllib.request.Request) -> http.client.HTTPResponse:
    try:
        return urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError:
        raise
    except (OSError, http.client.HTTPException) as error:
        raise _NetworkError(f"no connection ({getattr(error, 'reason', error)})") from error


def _chunks(response: http.client.HTTPResponse, skip: int, num_bytes: int) -> Iterator[bytes]:
    """The answer's bytes from `skip` on, `num_bytes` at most, in pieces."""
    try:
        while skip > 0 and (dropped := response.read(min(skip, _CHUNK_BYTES))):
            skip -= len(dropped)
        while num_bytes > 0 and (chunk := response.read(min(num_bytes, _CHUNK_BYTES))):
            num_bytes -= len(chunk)
            yield chunk
    except (OSError, http.client.HTTPException) as error:
        raise _NetworkError(f"the transfer broke off ({str(error) or type(error).__name__})") from error


def read_extent(path: Path) -> tuple[int, int, int]:
    """Of a .npy file: the drawings it promises, the offset of the first, and how many are there. Raises DataError."""
    rows, start = _read_header(path)
    return rows, start, (path.stat().st_size - start) // ROW_BYTES


def _is_readable(path: Path) -> bool:
    try:
        _read_header(path)
    except DataError:
        return False
    return True


def _wanted_bytes(path: Path, num_rows: int) -> int:
    rows, start = _read_header(path)
    return start + min(rows, num_rows) * ROW_BYTES


def _read_header(path: Path) -> tuple[int, int]:
    """Number of drawings a .npy file promises and the offset of the first. Raises DataError for any other file."""
    with path.open("rb") as file:
        try:
            np.lib.format.read_magic(file)
            shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(file)
        except (ValueError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError) as error:  # NumPy parses it
            raise DataError(f"“{path.name}” is not a NumPy file of drawings; check the data setting.") from error
        if fortran_order or dtype != np.uint8 or len(shape) != 2 or shape[1] != ROW_BYTES or shape[0] < 1:
            raise DataError(f"“{path.name}” holds {dtype} {shape} where drawings are uint8 (N, {ROW_BYTES}).")
        return shape[0], file.tell()
