"""The site: a folder that any file server can serve, in which the visitor's browser draws."""

import hashlib
import json
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from model.drawing.latents import Picture
from model.drawing.partners import partners
from model.drawing.sampler import Sampler
from model.files.shared_base import BASE_NAME, read_base
from model.files.weights import CheckpointError
from model.hub.client import check_repo, client
from model.quickdraw.classes import CLASS_NAMES
from model.quickdraw.images import png, sheet
from model.quickdraw.synonyms import everyday_words
from train.home import Home
from train.site.colours import style_variables
from train.site.constants import page_constants
from train.site.generators import DRAFTS_NAME, generator_files, version_of
from train.site.markup import STUDIO, asset, tab_html

TILE_COLUMNS = 64
MAX_DRAWINGS = 64  # in one request: the browser draws them only when you ask for them
ENTRIES = ("static/site.js", "static/worker.js")
_IMPORTED = re.compile(r'^import .*?from "([^"]+)";$', re.MULTILINE)
MANIFEST = {
    "name": "Endless Doodles",
    "short_name": "Doodles",
    "description": "Drawings that nobody drew.",
    "start_url": "./",
    "scope": "./",
    "display": "standalone",
    "background_color": "#faf8f3",
    "theme_color": "#faf8f3",
    "icons": [{"src": "icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any maskable"}],
}


@dataclass(frozen=True)
class SiteOptions:
    """hub: owner/name[@revision] of a collection that the browser reads. app: the full app's address. Or empty."""

    hub: str = ""
    app: str = ""

    def __post_init__(self) -> None:
        """Raises HubError and ValueError."""
        if self.hub:
            check_repo(self.hub.partition("@")[0])
        if self.app and not re.fullmatch(r"https?://[^\s\"'<>]+", self.app):
            raise ValueError(f"“{self.app[:60]}” is not the address of an app; use one that starts with https://.")


def site_files(home: Home, options: SiteOptions) -> dict[str, bytes]:
    """Path to content. Raises CheckpointError and ValueError."""
    sampler = Sampler(home.checkpoint_folders)
    files = generator_files(home)
    tiles, picture = _tiles(sampler)
    base = home.first_usable(BASE_NAME, read_base)
    settings: dict[str, object] = {
        "constants": page_constants() | {"max_drawings": MAX_DRAWINGS},
        "firstClass": "cat" if "cat" in tiles else next(iter(tiles)),
        "hub": options.hub,
        "endpoint": client().endpoint,
        "drafts": {name: base.rows.get(name, 0) for name in CLASS_NAMES} if base else {},
        "draftsHash": hashlib.sha256(files.get(DRAFTS_NAME, b"")).hexdigest(),
        "tiles": tiles,
        "words": everyday_words(),
        "partners": {name: found for name in sampler.trained_cards() if (found := partners(sampler, name))},
    }
    scripts = {f"scripts/{name}": (STUDIO / name).read_bytes() for name in scripts_of(*ENTRIES)}
    shell = {
        **scripts,
        "index.html": _page(settings, options, sorted(scripts)).encode(),
        "site.css": _styles().encode(),
        "icon.svg": (STUDIO / "static" / "icon.svg").read_bytes(),
        "manifest.webmanifest": json.dumps(MANIFEST, indent=1).encode(),
        "tiles.png": picture,
    }
    listed = ["./", *(name for name in shell if name != "index.html")]
    head = f"const VERSION = {json.dumps(version_of(shell))};\nconst SHELL = {json.dumps(listed)};\n"
    return shell | {"service_worker.js": head.encode() + (STUDIO / "static" / "service_worker.js").read_bytes()} | files


def scripts_of(*entries: str) -> list[str]:
    """The scripts that these import, directly or not, and themselves, by their paths in `studio/`."""
    found, pending = set(), list(entries)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            folder = (STUDIO / name).parent
            imported = _IMPORTED.findall((STUDIO / name).read_text(encoding="utf-8"))
            pending += [(folder / each).resolve().relative_to(STUDIO).as_posix() for each in imported]
    return sorted(found)


def _page(settings: dict[str, object], options: SiteOptions, scripts: list[str]) -> str:
    link = f'<a href="{escape(options.app)}">Open the full app.</a>' if options.app else ""
    parts = {
        "PRELOADS": "\n".join(f'<link rel="modulepreload" href="{name}">' for name in scripts),
        "SETTINGS": json.dumps(settings, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
        "LOOK": asset("look/look.html"),
        "FAVOURITES": asset("favourites/favourites.html"),
        "DRAW": tab_html("draw"),
        "MORPH": tab_html("morph"),
        "WALL": asset("wall/wall.html"),
        "FULL_APP": link or "You can run it yourself: <code>python app.py</code> in the project's folder.",
        "COLLECTION": escape(options.hub.partition("@")[0] or "you/doodles"),
    }
    page = asset("static/site.html")
    return re.sub("|".join(rf"\b{name}\b" for name in parts), lambda found: parts[found[0]], page)


def _styles() -> str:
    """Each tab's styles apply to that tab alone, as Gradio has it."""
    tabs = {
        "look": asset("look/look.css"),
        "favourites": asset("shared/parts.css", "favourites/favourites.css"),
        "draw": asset("shared/parts.css", "draw/draw.css"),
        "morph": asset("shared/parts.css", "morph/morph.css"),
        "wall": asset("shared/parts.css", "wall/wall.css"),
    }
    scoped = "".join(f"#{tab} {{\n{styles}}}\n" for tab, styles in tabs.items())
    return style_variables() + asset("static/site.css", "shared/style.css") + scoped


def _tiles(sampler: Sampler) -> tuple[dict[str, tuple[int, int]], bytes]:
    """For each class its place on a picture of one drawing of each, and the seed of its drawing; and that picture."""
    cards = sorted(sampler.cards().values(), key=lambda card: card.class_name.lower())
    if not cards:
        raise CheckpointError("There is no generator here yet; train one first: python -m train cat")
    names = [card.class_name for card in cards]
    drafts = [place for place, card in enumerate(cards) if card.is_draft]
    drawings = np.zeros((len(cards), 28, 28), np.uint8)
    if drafts:
        drawings[drafts] = sampler.draw_drafts([names[place] for place in drafts], drafts)
    for place, card in enumerate(cards):
        if not card.is_draft:
            drawings[place] = sampler.draw([Picture(card.class_name, ((place, 1.0),))])[0]
    return {name: (place, place) for place, name in enumerate(names)}, png(sheet(drawings, columns=TILE_COLUMNS))


def write_site(folder: Path, files: dict[str, bytes]) -> None:
    """Write a site. A folder with other things in it is refused. Raises ValueError and OSError."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "service_worker.js").is_file():
        raise ValueError(f"{folder} has other files in it; name a new folder, or one with an older site.")
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
