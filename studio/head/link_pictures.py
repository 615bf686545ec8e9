"""The route that serves the pictures of links: drawn when first wanted, then kept; never many at a time."""

import threading
from collections import OrderedDict
from functools import partial

import anyio
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from model.drawing.sampler import Sampler
from model.drawing.view import MAX_QUERY_LENGTH
from model.exports.link_picture import link_picture
from model.quickdraw.images import png
from studio.head.link_view import link_view, read_link

ROUTE = "gradio_api/link.png"
MAX_KEPT = 128  # pictures in memory, of about 40 kB each
MAX_WAITING = 16  # requests; others are asked to come back
CACHING = "public, max-age=3600"


class LinkPictures:
    """Thread-safe."""

    def __init__(self, sampler: Sampler):
        self.sampler = sampler
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()  # least recently used first
        self._lock = threading.Lock()
        self._one_at_a_time = anyio.CapacityLimiter(1)

    def route(self) -> Route:
        return Route(f"/{ROUTE}", self._serve)

    def picture(self, query: str) -> bytes:
        """The picture of a link's query, as a PNG. Raises ValueError."""
        view, cards = read_link(self.sampler, query), self.sampler.cards()
        revisions = (cards[name].revision for name in (view.class_name, view.into) if name in cards)
        key = query, " ".join(revisions)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        content = png(link_picture(self.sampler, link_view(self.sampler, query)).quantize(32))
        with self._lock:
            self._kept[key] = content
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return content

    async def _serve(self, request: Request) -> Response:
        query = request.url.query
        if len(query) > MAX_QUERY_LENGTH:
            return PlainTextResponse(f"A link's query has up to {MAX_QUERY_LENGTH:,} characters.", 414)
        if self._one_at_a_time.statistics().tasks_waiting >= MAX_WAITING:
            return PlainTextResponse("The app draws many pictures; try again in a moment.", 503, {"Retry-After": "10"})
        try:
            content = await anyio.to_thread.run_sync(partial(self.picture, query), limiter=self._one_at_a_time)
        except ValueError as error:
            return PlainTextResponse(str(error), 404)
        return Response(content, media_type="image/png", headers={"Cache-Control": CACHING})
