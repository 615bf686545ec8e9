"""Export: a file of what the page shows, or a text that leads back to it."""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import ParamSpec
from urllib.parse import urlsplit

import anyio

from model.drawing.look import Look
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.animation import Playing
from model.exports.export import KINDS, export, export_beside
from model.files.folders import REPOSITORY
from model.pen.sketch import Sketch
from model.quickdraw.classes import slug
from studio.shared.pictures import data_url

TEXTS = ("link", "command", "python")
MAX_ADDRESS = 2000  # characters

P = ParamSpec("P")
Answer = dict[str, str]
_limit = anyio.CapacityLimiter(2)  # exports at the same time: a long morph takes 100 MB


def two_at_once(export: Callable[P, Answer]) -> Callable[P, Awaitable[Answer]]:
    """The same server function, but of all visitors' exports only two run at the same time; the others wait."""

    @wraps(export)
    async def wait_and_export(*arguments: P.args, **named: P.kwargs) -> Answer:
        return await anyio.to_thread.run_sync(partial(export, *arguments, **named), limiter=_limit)

    return wait_and_export


def export_view(
    sampler: Sampler,
    view: View,
    kind: object,
    address: object,
    playing: Playing | None = None,
    *,
    is_local: bool = False,
) -> Answer:
    """A file as {"filename", "url"}, or {"text"}.

    kind: one of KINDS or TEXTS. address: the page's own, for links. is_local: whether the visitor may see folders of
    this machine (see `is_local`), which commands and programs need to draw the same. Raises ValueError.
    """
    if kind == "link":
        return {"text": f"{_check_address(address)}{view.query()}"}
    if kind in ("command", "python"):
        hub = sampler.collection_of(filter(None, (view.class_name, view.into)))
        home = home_in_use(sampler) if is_local else ""
        return {"text": view.command(hub, home) if kind == "command" else view.python(hub, home)}
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"“{str(kind)[:40]}” is not something to export; choose {', '.join((*KINDS, *TEXTS))}.")
    content = export(sampler, view, kind, playing=playing)
    suffix = "found" if view.latent else "-".join(map(str, view.keys or (view.seed,)))
    suffix += f"-and-{len(view.seeds) - 1}-more" if view.seeds else ""
    return {"filename": f"{slug(view.class_name)}-{suffix}.{kind}", "url": data_url(content, KINDS[kind])}


def export_both(sampler: Sampler, sketch: Sketch, view: View, kind: object) -> Answer:
    """A file of a visitor's sketch beside the single drawing of a view, as {"filename", "url"}. Raises ValueError."""
    (picture,) = view.pictures()
    (drawing,) = sampler.draw([picture])
    content = export_beside(sketch, picture, drawing, str(kind), view.look or Look())
    return {"filename": f"{slug(view.class_name)}-yours.{kind}", "url": data_url(content, KINDS[str(kind)])}


def home_in_use(sampler: Sampler) -> str:
    """DOODLES_HOME of a sampler's checkpoints; empty if that is the repository, which needs no setting."""
    homes = [folder.parent for folder in sampler.folders if folder.parent != REPOSITORY]
    return str(homes[0]) if homes else ""


def _check_address(address: object) -> str:
    """The page's address as the visitor's browser shows it. Raises ValueError."""
    if not isinstance(address, str) or len(address) > MAX_ADDRESS or not address.isprintable():
        address = ""
    if urlsplit(address).scheme in ("http", "https"):
        return address
    raise ValueError("A link needs the page's address, which starts with http:// or https://.")
