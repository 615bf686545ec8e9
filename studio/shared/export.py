"""Export: a file of what the page shows, or a text that leads back to it."""

from urllib.parse import urlsplit

from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.export import KINDS, Playing, export
from model.quickdraw.classes import slug
from studio.shared.pictures import data_url

TEXTS = ("link", "command", "python")
MAX_ADDRESS = 2000  # characters


def export_view(
    sampler: Sampler, view: View, kind: object, address: object, playing: Playing | None = None
) -> dict[str, str]:
    """A file as {"filename", "url"}, or {"text"}.

    kind: one of KINDS or TEXTS. address: the page's own, for links. Raises ValueError.
    """
    if kind == "link":
        return {"text": f"{_check_address(address)}{view.query()}"}
    if kind in ("command", "python"):
        hub = sampler.collection_of(filter(None, (view.class_name, view.into)))
        return {"text": view.command(hub) if kind == "command" else view.python(hub)}
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"“{str(kind)[:40]}” is not something to export; choose {', '.join((*KINDS, *TEXTS))}.")
    content = export(sampler, view, kind, playing=playing)
    suffix = "found" if view.latent else "-".join(map(str, view.keys or (view.seed,)))
    return {"filename": f"{slug(view.class_name)}-{suffix}.{kind}", "url": data_url(content, KINDS[kind])}


def _check_address(address: object) -> str:
    """The page's address as the visitor's browser shows it. Raises ValueError."""
    if not isinstance(address, str) or len(address) > MAX_ADDRESS or not address.isprintable():
        address = ""
    if urlsplit(address).scheme in ("http", "https"):
        return address
    raise ValueError("A link needs the page's address, which starts with http:// or https://.")
