"""What a visitor takes along: a file of what is shown, or words that lead back to it."""

from urllib.parse import urlsplit

from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.export import KINDS, Playing, export
from model.quickdraw.classes import slug
from studio.shared.pictures import data_url

TEXTS = ("link", "command", "python")


def take(sampler: Sampler, view: View, kind: object, address: object, playing: Playing | None = None) -> dict[str, str]:
    """A file as {"filename", "url"}, or a {"text"}. address: of the page, for links. Raises ValueError."""
    if kind == "link":
        return {"text": f"{_checked(address)}{view.query()}"}
    if kind in ("command", "python"):
        hub = sampler.collection_of(filter(None, (view.class_name, view.into)))
        return {"text": view.command(hub) if kind == "command" else view.python(hub)}
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"There is nothing like that to take; take one of {', '.join((*KINDS, *TEXTS))}.")
    content = export(sampler, view, kind, playing=playing)
    way = "found" if view.latent else "-".join(map(str, view.keys or (view.seed,)))
    return {"filename": f"{slug(view.class_name)}-{way}.{kind}", "url": data_url(content, KINDS[kind])}


def _checked(address: object) -> str:
    """The page's address as its visitor's browser has it, for the link to lead there. Raises ValueError."""
    known = isinstance(address, str) and len(address) <= 2000 and address.isprintable()
    if not known or urlsplit(address).scheme not in ("http", "https"):
        raise ValueError("The page's address is needed for a link.")
    return address
