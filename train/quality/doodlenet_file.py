"""DoodleNet's weights: fetched on demand, once, from a pinned address, and checked by their hash."""

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import httpx

from model.files.writing import write_file
from model.networks.doodlenet import DoodleNet, doodlenet_from
from model.quickdraw.classes import CLASS_NAMES
from model.system.addresses import hide_passwords
from train.download import DataError, opened
from train.home import Home

ADDRESS = (
    "https://raw.githubusercontent.com/ml5js/ml5-data-and-models/"
    "0612a3e7c51cbffdc5db701dff49d16d1ac26fa8/models/doodlenet/"
)
WEIGHTS, NAMES = "group1-shard1of1.bin", "class_names.txt"
SHA256 = {
    WEIGHTS: "91111f7bb89a7c41983e75d53f33c26b997d77d08a5c2801cbf51f07c443df83",
    NAMES: "1bd82a29940199b411bf0ea54f3a1ee894c9f97bcffc674a369f037a770cbf5c",
}
MAX_BYTES = 3_000_000


class DoodleNetError(RuntimeError):
    """DoodleNet can't be had; the message is one sentence that says why."""


def load_doodlenet(home: Home) -> DoodleNet:
    """DoodleNet, its logits in the order of CLASS_NAMES. Raises DoodleNetError.

    The files come from the home's cache, or else from DOODLES_DOODLENET (a folder or an address), or else from ADDRESS.
    """
    weights, names = (_content(name, home.cache / "doodlenet" / name) for name in (WEIGHTS, NAMES))
    network = doodlenet_from(weights)
    place_of = {name.replace("_", " "): place for place, name in enumerate(names.decode().split())}
    places = [place_of[class_name] for class_name in CLASS_NAMES]
    network.to_logits.weight.data = network.to_logits.weight.data[places]
    network.to_logits.bias.data = network.to_logits.bias.data[places]
    return network


def _content(name: str, cached: Path) -> bytes:
    """The bytes of a published file, from the cache if they are there and sound."""
    with contextlib.suppress(OSError):
        if _is_sound(name, content := cached.read_bytes()):
            return content
    source = os.environ.get("DOODLES_DOODLENET") or ADDRESS
    content = _fetched(source.rstrip("/") + "/" + name) if "://" in source else _read(Path(source) / name)
    if not _is_sound(name, content):
        raise DoodleNetError(
            f"{name} from {hide_passwords(source)} is not DoodleNet's published file (its hash differs)."
        )
    with contextlib.suppress(OSError):  # a full or read-only disk: it is fetched again next time
        write_file(cached, content)
    return content


def _is_sound(name: str, content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == SHA256[name]


def _read(path: Path) -> bytes:
    return _or_error(path.name, path.read_bytes)


def _fetched(url: str) -> bytes:
    def fetch() -> bytes:
        with opened(url) as response:
            content = b""
            for chunk in response.raise_for_status().iter_bytes():
                content += chunk
                if len(content) > MAX_BYTES:
                    break
            return content

    return _or_error(hide_passwords(url), fetch)


def _or_error(what: str, read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except (OSError, httpx.HTTPError, httpx.InvalidURL, DataError) as error:
        reason = hide_passwords(getattr(error, "strerror", None) or str(error) or type(error).__name__)
        raise DoodleNetError(f"DoodleNet can't be fetched ({what}: {reason}); check the network.") from error
