"""Downloading a class's drawings: only the header and the first rows of its .npy file, by HTTP range."""

import http.client
import logging
import random
import re
import time
import tokenize
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

ROW_BYTES = 784
HEADER_BYTES = 128  # length of a file's header in the newer version of the format; the older has 80
ATTEMPTS = 5
TIMEOUT_SECONDS = 20.0
_CHUNK_BYTES = 1 << 16

OnBytes = Callable[[int, int], None]  # called with the bytes received so far and the bytes in total

log = logging.getLogger(__name__)


class DataError(RuntimeError):
    """Drawings can't be loaded; the message is one sentence that says why."""


class RemoteFile:
    """A class's .npy file on a server."""

    def __init__(self, url: str, class_name: str):
        self.url, self.class_name = url, class_name
        self.host = urlsplit(url).netloc
        self.length: int | None = None
        self.interrupted = False

    def extend(self, part: Path, total: int, on_bytes: OnBytes | None = None) -> None:
        """Append to `part` until it holds the first `total` bytes. Resumes a broken transfer. Raises DataError."""
        failures = 0
        while (size := part.stat().st_size if part.exists() else 0) < total:
            problem, wait = self._transfer(part, size, total, on_bytes)
            if problem is None:
                return
            failures = 1 if part.exists() and part.stat().st_size > size else failures + 1
            if failures >= ATTEMPTS:
                self.interrupted = True
                raise DataError(
                    f"The drawings of “{self.class_name}” could not be fetched from {self.host}: {problem}; "
                    "check the network, and --data or DOODLES_SOURCE, then try again."
                )
            time.sleep(wait or min(10.0, 0.25 * 2**failures) * random.uniform(0.5, 1.0))

    def check_length(self, part: Path) -> None:
        """Raise DataError if the server's file is longer or shorter than its header promises."""
        rows, start = read_header(part)
        if self.length is not None and self.length != start + rows * ROW_BYTES:
            raise DataError(
                f"“{self.class_name}.npy” on {self.host} has {self.length} bytes, but its header promises "
                f"{start + rows * ROW_BYTES}; that copy is damaged, so use another source."
            )

    def _transfer(self, part: Path, size: int, total: int, on_bytes: OnBytes | None) -> tuple[str | None, float]:
        """Make one request. Returns the problem, None if there was none, and the seconds the server asks to wait."""
        request = urllib.request.Request(
            self.url,
            headers={"Range": f"bytes={size}-{total - 1}", "Accept-Encoding": "identity", "User-Agent": "doodles/1"},
        )
        try:
            with part.open("ab") as file, _open(request) as response:
                skip = self._check_response(response, size)
                total = min(total, self.length if self.length is not None else total)
                for chunk in _chunks(response, skip, total - size):
                    file.write(chunk)
                    file.flush()
                    size += len(chunk)
                    if on_bytes:
                        on_bytes(size, total)
        except urllib.error.HTTPError as error:
            if error.code in (403, 404, 410):
                raise DataError(f"{self.host} has no drawings of “{self.class_name}” ({error.code}).") from error
            if error.code == 416:
                raise DataError(
                    f"“{self.class_name}.npy” on {self.host} is shorter than it was before; try again."
                ) from error
            retry_after = error.headers.get("Retry-After", "")
            return f"it answered with error {error.code}", min(
                30.0, float(retry_after)
            ) if retry_after.isdigit() else 0.0
        except _NetworkError as error:
            return str(error), 0.0
        return (None if size >= total else "the connection broke"), 0.0

    def _check_response(self, response: http.client.HTTPResponse, size: int) -> int:
        """Note the file's length. Returns how many bytes of the response to skip because `part` holds them already."""
        if response.headers.get_content_type() == "text/html":
            raise DataError(
                f"{self.host} sent a web page instead of drawings of “{self.class_name}”; check its address."
            )
        if response.status == 206:
            match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
            if not match or int(match[1]) != size:
                raise DataError(f"{self.host} sent the wrong part of “{self.class_name}.npy”; use another source.")
            self.length = int(match[2]) if match[2] != "*" else None
            return 0
        log.warning("%s doesn't support range requests; reading “%s” from its start.", self.host, self.class_name)
        length = response.headers.get("Content-Length", "")
        self.length = int(length) if length.isdigit() else None
        return size


class _NetworkError(Exception):
    """A network problem, worth another try. Kept apart from a disk's problem, because both are OSErrors."""


def _open(request: urllib.request.Request) -> http.client.HTTPResponse:
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
        return response
    except urllib.error.HTTPError:
        raise
    except (OSError, http.client.HTTPException) as error:
        raise _NetworkError(f"no connection ({getattr(error, 'reason', error)})") from error


def _chunks(response: http.client.HTTPResponse, skip: int, num_bytes: int) -> Iterator[bytes]:
    """Up to `num_bytes` of the response, in chunks, after the first `skip` bytes."""
    try:
        while skip > 0 and (dropped := response.read(min(skip, _CHUNK_BYTES))):
            skip -= len(dropped)
        while num_bytes > 0 and (chunk := response.read(min(num_bytes, _CHUNK_BYTES))):
            num_bytes -= len(chunk)
            yield chunk
    except (OSError, http.client.HTTPException) as error:
        raise _NetworkError(f"the connection broke ({str(error) or type(error).__name__})") from error


def read_header(path: Path) -> tuple[int, int]:
    """The number of drawings a .npy file promises, and the offset of the first. Raises DataError for any other file."""
    with path.open("rb") as file:
        try:
            np.lib.format.read_magic(file)
            shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(file)
        except (ValueError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError) as error:  # NumPy parses it
            raise DataError(
                f"“{path.name}” is not a NumPy file of drawings; check --data or DOODLES_SOURCE."
            ) from error
        if fortran_order or dtype != np.uint8 or len(shape) != 2 or shape[1] != ROW_BYTES or shape[0] < 1:
            raise DataError(f"“{path.name}” holds {dtype} {shape}, but drawings are uint8 (N, {ROW_BYTES}).")
        return shape[0], file.tell()


def is_readable(path: Path) -> bool:
    """Whether a file begins with the header of a .npy file of drawings."""
    try:
        read_header(path)
    except DataError:
        return False
    return True
