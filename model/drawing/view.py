"""What the page shows, as data: drawings of a class, or a morph. Links, commands and programs all describe it."""

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, TypeVar
from urllib.parse import parse_qsl, urlencode

from model.drawing.latents import (
    MAX_KEYS,
    MAX_LATENT_LENGTH,
    MAX_PICTURES,
    MAX_STYLES,
    Picture,
    check_count,
    check_latent,
    check_psi,
    check_seed,
    check_seeds,
    check_style,
    morph_frames,
    pictures_of,
    seeds_from,
)
from model.drawing.look import Look

_EXAMPLE_KINDS = {
    False: '"svg")  # or "ndjson", "large.png", "transparent.png", "zip", "gif", "webp", "mp4"',
    True: '"webp")  # or "gif", "mp4"',
}
MAX_QUERY_LENGTH = 4000  # characters
MIN_FRAMES, FRAMES_PER_LEG = 64, 24  # of a morph; a leg leads from one key drawing to the next

T = TypeVar("T")


@dataclass(frozen=True)
class View:
    """`count` drawings with consecutive seeds from `seed` on, or, with `keys`, a morph through those seeds' drawings.

    seeds: of the drawings, where they aren't consecutive; `seed` and `count` then follow from them.
    psi, style: see `Picture`. into: the class that the morph ends in. latent: the numbers of one drawing that has no
    seed. look: of enlarged drawings; None leaves it to whatever shows them. Raises ValueError for values out of bounds;
    its message says what is allowed.
    """

    class_name: str
    seed: int = 0
    count: int = 1
    psi: float = 1.0
    style: tuple[float, ...] = ()
    keys: tuple[int, ...] = ()
    into: str | None = None
    latent: tuple[float, ...] = ()
    look: Look | None = None
    seeds: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.seeds:
            self._follow_seeds(check_seeds(self.seeds))
        check_count(self.count)
        check_style(self.style)
        for seed in (self.seed, *self.keys):
            check_seed(seed)
        check_psi(self.psi)
        if not self.keys and self.into is not None:
            raise ValueError("To turn into another class, give keys (two or more seeds).")
        if self.latent and (self.keys or self.count != 1):
            raise ValueError("A latent is a single drawing; leave out the keys and the count.")
        self.pictures()

    def _follow_seeds(self, seeds: tuple[int, ...]) -> None:
        """Set `seed` and `count`. Consecutive seeds need no list."""
        if self.keys or self.latent:
            raise ValueError("Seeds, keys and a latent are three ways to say what to draw; give one of them.")
        is_consecutive = list(seeds) == seeds_from(seeds[0], len(seeds))
        for name, value in (("seeds", () if is_consecutive else seeds), ("seed", seeds[0]), ("count", len(seeds))):
            object.__setattr__(self, name, value)

    @property
    def num_frames(self) -> int:
        return max(MIN_FRAMES, FRAMES_PER_LEG * (len(self.keys) - 1))

    def pictures(self) -> list[Picture]:
        if self.keys:
            return morph_frames(self.class_name, self.keys, self.num_frames, self.psi, self.into)
        if self.latent:
            style = self.style if any(self.style) else ()
            return [Picture(self.class_name, ((check_latent(self.latent), 1.0),), self.psi, style)]
        return pictures_of(self.class_name, self.all_seeds, self.psi, self.style)

    @property
    def all_seeds(self) -> Sequence[int]:
        return self.seeds or seeds_from(self.seed, self.count)

    def query(self) -> str:
        """The part of a link that starts with the question mark."""
        entries: dict[str, object] = {"class": self.class_name, "psi": _exact(self.psi)}
        if self.keys:
            entries |= {"keys": ",".join(map(str, self.keys))} | ({"into": self.into} if self.into else {})
        else:
            seeds: dict[str, object] = {"seed": self.seed, "count": self.count}
            seeds = {"seeds": ",".join(map(str, self.seeds))} if self.seeds else seeds
            entries |= {"latent": _joined(self.latent)} if self.latent else seeds
            entries |= {"style": _exact(*self.style)} if any(self.style) else {}
        if self.look:
            entries |= {"look": self.look.name}
            entries |= {"width": _exact(self.look.width)} if self.look.has_own_width else {}
        return "?" + urlencode(entries, safe=",")

    def command(self, hub: str = "", home: str = "") -> str:
        """The command that draws the same into a file, in this repository's folder.

        hub: the collection that it needs, as DOODLES_HUB names it. home: DOODLES_HOME, unless that is the repository.
        """
        name = [self.class_name] if not self.class_name.startswith("-") else []
        options = ["python", "-m", "model", *name, "--psi", _exact(self.psi)]
        if self.keys:
            options += ["--keys", ",".join(map(str, self.keys)), *([f"--into={self.into}"] if self.into else [])]
        else:
            listed = ["--seeds", ",".join(map(str, self.seeds))]
            seeds = listed if self.seeds else ["--seed", str(self.seed), "--count", str(self.count)]
            options += [f"--latent={_joined(self.latent)}"] if self.latent else seeds
            options += [f"--style={_exact(*self.style)}"] if any(self.style) else []
        if self.look:
            options += ["--look", self.look.name]
            options += ["--width", _exact(self.look.width)] if self.look.has_own_width else []
        options += [] if name else ["--", self.class_name]
        settings = {"DOODLES_HOME": home, "DOODLES_HUB": hub}
        set_first = [f"{name}={shlex.quote(value)}" for name, value in settings.items() if value]
        return " ".join([*set_first, shlex.join(options)])

    def python(self, hub: str = "", home: str = "") -> str:
        """The program that draws the same, as an array uint8 (N, 28, 28). hub, home: see `command`."""
        repo, _, revision = hub.partition("@")
        collection = f", collection=Collection({repo!r}, {revision!r})" if hub else ""
        folders = [*([str(Path(home) / "checkpoints")] if home else []), "checkpoints"]
        paths = ", ".join(f"Path({json.dumps(folder, ensure_ascii=False)})" for folder in folders)
        lines = [
            "from pathlib import Path\n",
            *(["from model.hub.collection import Collection"] if hub else []),
            "from model.drawing.sampler import Sampler",
            "from model.drawing.view import read_view",
            "from model.exports.export import export\n",
            f"view = read_view({self.query()!r})",
            f"sampler = Sampler([{paths}]{collection})",
            "drawings = sampler.draw_all(view.pictures())",
            f"content = export(sampler, view, {_EXAMPLE_KINDS[bool(self.keys)]}\n",
        ]
        return "\n".join(lines)


class _Values(TypedDict, total=False):
    """What a link says about a view."""

    class_name: str
    seed: int
    count: int
    psi: float
    style: tuple[float, ...]
    keys: tuple[int, ...]
    into: str
    latent: tuple[float, ...]
    look: Look
    seeds: tuple[int, ...]


def read_view(query: str, class_name: str | None = None, seed: int = 0, count: int = 1) -> View:
    """The view of a link's query. class_name, seed, count: used where the query has none. Raises ValueError."""
    if not isinstance(query, str) or len(query) > MAX_QUERY_LENGTH:
        raise ValueError(f"A link's query is a text of up to {MAX_QUERY_LENGTH:,} characters.")
    entries = dict(parse_qsl(query.removeprefix("?")))
    name = entries.get("class", class_name)
    if name is None:
        raise ValueError("A link needs a class, such as ?class=cat.")
    values: _Values = {"class_name": name, "seed": seed, "count": 1 if "latent" in entries else count}
    if "seed" in entries:
        values["seed"] = _read("seed", entries["seed"], int)
    if "count" in entries:
        values["count"] = _read("count", entries["count"], int)
    if "psi" in entries:
        values["psi"] = _read("psi", entries["psi"], float)
    if "into" in entries:
        values["into"] = entries["into"]
    if "style" in entries:
        values["style"] = _read_all("style", entries["style"], float, MAX_STYLES)
    if "seeds" in entries:
        values["seeds"] = _read_all("seeds", entries["seeds"], int, MAX_PICTURES)
    if "keys" in entries:
        values["keys"] = _read_all("keys", entries["keys"], int, MAX_KEYS)
    if "latent" in entries:
        values["latent"] = _read_all("latent", entries["latent"], float, MAX_LATENT_LENGTH)
    if "look" in entries:
        width = {"width": _read("width", entries["width"], float)} if "width" in entries else {}
        values["look"] = Look(entries["look"], **width)
    return View(**values)


def _read_all(name: str, text: str, number: Callable[[str], T], limit: int) -> tuple[T, ...]:
    """Numbers separated by commas; those after the first one beyond `limit`, which `View` refuses, are left out."""
    return tuple(_read(name, part, number) for part in text.split(",")[: limit + 1])


def _read(name: str, text: str, number: Callable[[str], T]) -> T:
    try:
        return number(text)
    except ValueError as error:
        kind = "whole number" if number is int else "number"
        raise ValueError(f"“{text[:40]}” is not a {kind}; correct the link's {name}.") from error


def _exact(*numbers: float) -> str:
    """The numbers in their shortest exact form, separated by commas."""
    return ",".join(repr(float(number)).removesuffix(".0") for number in numbers)


def _joined(numbers: Sequence[float]) -> str:
    """A latent's single-precision numbers in the fewest digits that tell them apart, separated by commas."""
    return ",".join(f"{number:.9g}" for number in numbers)
