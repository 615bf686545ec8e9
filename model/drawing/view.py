"""What a page shows, as data: drawings of a class, or a way through some. Links, commands and programs say the same."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from model.drawing.latents import (
    MAX_KEYS,
    MAX_LENGTH,
    Picture,
    check_latent,
    check_psi,
    check_seed,
    morph_frames,
    seeds_from,
)

MAX_COUNT = 64
MAX_STYLES = 5
MAX_QUERY = 4000  # letters
FEWEST_FRAMES, FRAMES_PER_LEG = 64, 24


@dataclass(frozen=True)
class View:
    """Drawings of `count` seeds from `seed` on, or, with `keys`, the frames of the way through those seeds.

    psi, style: see `Picture`. into: the class that the way leads to. latent: the numbers of a single drawing that no
    seed gives, in place of one. Raises ValueError, with what is allowed.
    """

    class_name: str
    seed: int = 0
    count: int = 1
    psi: float = 1.0
    style: tuple[float, ...] = ()
    keys: tuple[int, ...] = ()
    into: str | None = None
    latent: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if type(self.count) is not int or not 1 <= self.count <= MAX_COUNT:
            raise ValueError(f"{str(self.count)[:40]} drawings were asked for; ask for 1 to {MAX_COUNT} at a time.")
        if len(self.style) > MAX_STYLES:
            raise ValueError(f"Up to {MAX_STYLES} style offsets are allowed, not {len(self.style)}.")
        if self.keys and not 2 <= len(self.keys) <= MAX_KEYS:
            raise ValueError(f"A way goes through 2 to {MAX_KEYS} seeds, not through {len(self.keys)}.")
        for seed in (self.seed, *self.keys):
            check_seed(seed)
        check_psi(self.psi)
        if not self.keys and self.into is not None:
            raise ValueError("Turning into another class takes keys: 2 or more seeds.")
        if self.latent and (self.keys or self.count != 1):
            raise ValueError("A latent is a single drawing; leave the keys and the count out.")
        self.pictures()

    @property
    def num_frames(self) -> int:
        return max(FEWEST_FRAMES, FRAMES_PER_LEG * (len(self.keys) - 1))

    def pictures(self) -> list[Picture]:
        if self.keys:
            return morph_frames(self.class_name, self.keys, self.num_frames, self.psi, self.into)
        style = self.style if any(self.style) else ()
        if self.latent:
            return [Picture(self.class_name, ((check_latent(self.latent), 1.0),), self.psi, style)]
        seeds = seeds_from(self.seed, self.count)
        return [Picture(self.class_name, ((seed, 1.0),), self.psi, style) for seed in seeds]

    def query(self) -> str:
        """The part of a link from its question mark on."""
        entries: dict[str, object] = {"class": self.class_name, "psi": _exact(self.psi)}
        if self.keys:
            entries |= {"keys": ",".join(map(str, self.keys))} | ({"into": self.into} if self.into else {})
        else:
            entries |= {"latent": _joined(self.latent)} if self.latent else {"seed": self.seed, "count": self.count}
            entries |= {"style": _exact(*self.style)} if any(self.style) else {}
        return "?" + urlencode(entries, safe=",")

    def command(self, hub: str = "") -> str:
        """A command that writes the same drawings into a file. hub: a collection it needs, as DOODLES_HUB names it."""
        options = ["python", "-m", "model", self.class_name, "--psi", _exact(self.psi)]
        if self.keys:
            options += ["--keys", ",".join(map(str, self.keys)), *(["--into", self.into] if self.into else [])]
        else:
            seeds = ["--seed", str(self.seed), "--count", str(self.count)]
            options += [f"--latent={_joined(self.latent)}"] if self.latent else seeds
            options += [f"--style={_exact(*self.style)}"] if any(self.style) else []
        return shlex.join([*([f"DOODLES_HUB={hub}"] if hub else []), *options])

    def python(self, hub: str = "") -> str:
        """A program that makes the same drawings, an array uint8 (N, 28, 28). hub: as for `command`."""
        repo, _, revision = hub.partition("@")
        collection = f", collection=Collection({repo!r}, {revision!r})" if hub else ""
        lines = [
            "from pathlib import Path\n",
            *(["from model.hub.collection import Collection"] if hub else []),
            "from model.drawing.sampler import Sampler",
            "from model.drawing.view import read_view\n",
            f"view = read_view({self.query()!r})",
            f'sampler = Sampler([Path("checkpoints")]{collection})',
            "drawings = sampler.draw_all(view.pictures())\n",
        ]
        return "\n".join(lines)


def read_view(query: str, **defaults: object) -> View:
    """The view of a link's query; `defaults` are for what it leaves open. Raises ValueError."""
    if not isinstance(query, str) or len(query) > MAX_QUERY:
        raise ValueError(f"A link has up to {MAX_QUERY:,} letters.")
    entries = dict(parse_qsl(query.removeprefix("?")))
    view = dict(defaults)
    for name, kind in (("class_name", str), ("seed", int), ("count", int), ("psi", float), ("into", str)):
        key = "class" if name == "class_name" else name
        if key in entries:
            view[name] = _read(key, entries, kind)
    for name, kind, most in (("style", float, MAX_STYLES), ("keys", int, MAX_KEYS), ("latent", float, MAX_LENGTH)):
        if name in entries:
            parts = entries[name].split(",")
            values = tuple(_read(name, {name: part}, kind) for part in parts[: most + 1])
            view[name] = values
    if "latent" in entries and "count" not in entries:
        view["count"] = 1
    if "class_name" not in view:
        raise ValueError("A link needs a class, such as ?class=cat.")
    return View(**view)


def _read(key: str, entries: Mapping[str, str], kind: type) -> object:
    try:
        return kind(entries[key])
    except ValueError as error:
        raise ValueError(f"“{entries[key][:40]}” is no {key}; use a {'whole ' * (kind is int)}number.") from error


def _exact(*numbers: float) -> str:
    """The shortest text that is read as the very numbers, with commas between them."""
    return ",".join(repr(float(number)).removesuffix(".0") for number in numbers)


def _joined(numbers: Sequence[float]) -> str:
    """Numbers in single precision, as a latent's are, in the fewest digits that tell them all apart."""
    return ",".join(f"{number:.9g}" for number in numbers)
