"""Downloading a class's drawings: only the header and the first rows of its .npy file, by HTTP range."""

import contextlib
import logging
import netrc
import os
import random
import re
import time
import tokenize
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import numpy as np

from model.system.proxies import proxy_for

ROW_BYTES = 784
HEADER_BYTES = 128  # length of a file's header in the newer version of the format; the older has 80
ATTEMPTS = 5
TIMEOUT_SECONDS = 20.0
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "doodles/1"}

_NO_CONNECTION = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)
PASSWORDS = "put them into the file ~/.netrc, because addresses are stored and shown"

OnBytes = Callable[[int, int], None]  # called with the bytes received so far and the bytes in total

log = logging.getLogger(__name__)


class DataError(RuntimeError):
    """Drawings can't be loaded; the message is one sentence that says why."""


class RemoteFile:
    """A class's .npy file on a server."""

    def __init__(self, url: str, class_name: str):
        self.url, self.class_name = url, class_name
        self.host = httpx.URL(url).netloc.decode()
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
                    f"check {self._what_to_check()}, then try again."
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

    def _what_to_check(self) -> str:
        proxy = proxy_for(self.url)
        return f"the network, {f'the proxy in {proxy}, ' if proxy else ''}and --data or DOODLES_SOURCE"

    def _transfer(self, part: Path, size: int, total: int, on_bytes: OnBytes | None) -> tuple[str | None, float]:
        """Make one request. Returns the problem, None if there was none, and the seconds the server asks to wait."""
        headers = _HEADERS | {"Range": f"bytes={size}-{total - 1}"}
        try:
            with part.open("ab") as file, opened(self.url, headers) as response:
                if response.is_error:
                    return self._refusal(response)
                skip = self._check_response(response, size)
                total = min(total, self.length if self.length is not None else total)
                for chunk in response.iter_raw():
                    new = chunk[skip : skip + total - size]
                    skip = max(0, skip - len(chunk))
                    file.write(new)
                    file.flush()
                    size += len(new)
                    if on_bytes and new:
                        on_bytes(size, total)
                    if size >= total:
                        break
        except httpx.HTTPError as error:
            what = "no connection" if isinstance(error, _NO_CONNECTION) else "the connection broke"
            return f"{what} ({str(error) or type(error).__name__})", 0.0
        return (None if size >= total else "the connection broke"), 0.0

    def _refusal(self, response: httpx.Response) -> tuple[str, float]:
        """What `_transfer` returns for an answer with an error status. Raises DataError if another try won't help."""
        status = response.status_code
        if status in (401, 407):
            raise DataError(f"{self.host} wants a name and password ({status}); {PASSWORDS}.")
        if status in (403, 404, 410):
            raise DataError(f"{self.host} has no drawings of “{self.class_name}” ({status}).")
        if status == 416:
            raise DataError(f"“{self.class_name}.npy” on {self.host} is shorter than it was before; try again.")
        retry_after = response.headers.get("Retry-After", "")
        seconds = min(30.0, float(retry_after)) if retry_after.isdigit() else 0.0
        return f"it answered with error {status}", seconds

    def _check_response(self, response: httpx.Response, size: int) -> int:
        """Note the file's length. Returns how many bytes of the response to skip because `part` holds them already."""
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise DataError(
                f"{self.host} sent a web page instead of drawings of “{self.class_name}”; check its address."
            )
        if response.status_code == 206:
            match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
            if not match or int(match[1]) != size:
                raise DataError(f"{self.host} sent the wrong part of “{self.class_name}.npy”; use another source.")
            self.length = int(match[2]) if match[2] != "*" else None
            return 0
        log.warning("%s doesn't support range requests; reading “%s” from its start.", self.host, self.class_name)
        length = response.headers.get("Content-Length", "")
        self.length = int(length) if length.isdigit() else None
        return size


@contextlib.contextmanager
def opened(url: str, headers: Mapping[str, str] = _HEADERS) -> Iterator[httpx.Response]:
    """The answer of a server, whose content is still to be read. Raises DataError and httpx.HTTPError.

    A name and password for the server come from ~/.netrc, and proxies from the environment.
    """
    path = Path(os.environ.get("NETRC") or "~/.netrc")
    try:
        with contextlib.suppress(RuntimeError):  # a user without a home
            path = path.expanduser()
        auth = httpx.NetRCAuth(str(path)) if path.is_file() else None
    except (OSError, netrc.NetrcParseError) as error:
        raise DataError(f"The passwords in {path} can't be read ({error}); correct the file, or remove it.") from error
    try:
        client = httpx.Client(auth=auth, timeout=TIMEOUT_SECONDS, follow_redirects=True)
    except OSError as error:
        raise DataError(f"The certificates can't be read ({error}); check SSL_CERT_FILE and SSL_CERT_DIR.") from error
    with client, client.stream("GET", url, headers=headers) as response:
        yield response


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
