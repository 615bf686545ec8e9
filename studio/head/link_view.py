"""What a link shows where it is passed on: always the same drawings for the same link."""

from dataclasses import replace
from urllib.parse import parse_qsl

from model.drawing.latents import check_count
from model.drawing.picking import filled_up, picked
from model.drawing.sampler import Sampler
from model.drawing.view import View, read_view
from studio.shared.class_picker import first_class
from train.site.constants import FIRST_COUNT


def read_link(sampler: Sampler, query: str) -> View:
    """The view of a link's query, without picked seeds. A link that opens nothing shows the first class.

    Raises ValueError if nothing can be drawn.
    """
    try:
        return _view(sampler, query)
    except ValueError:
        return _view(sampler, "")


def link_view(sampler: Sampler, query: str) -> View:
    """The same with picked seeds, where the link leaves them open or asks for them. Raises ValueError."""
    view = read_link(sampler, query)
    try:
        return with_picks(sampler, view, asked_for(query))[0]
    except ValueError:
        return view


def asked_for(query: str) -> dict[str, str]:
    return dict(parse_qsl(query.removeprefix("?")))


def with_picks(sampler: Sampler, view: View, entries: dict[str, str]) -> tuple[View, bool]:
    """A link's drawings, and whether they are picked ones. Raises ValueError.

    "pick" says how many drawings there should be in all. A link without seeds leaves them open.
    """
    if "pick" in entries:
        number = entries["pick"]
        return filled_up(sampler, view, check_count(int(number[:9]) if number.isdecimal() else number)), True
    if view.keys or view.latent or "seed" in entries or "seeds" in entries:
        return view, "seeds" in entries
    return picked(sampler, view), True


def _view(sampler: Sampler, query: str) -> View:
    view = read_view(query, class_name=first_class(sampler), count=FIRST_COUNT)
    into = None if view.into is None else sampler.find(view.into)
    return replace(view, class_name=sampler.find(view.class_name), into=into)
