"""Which requests the server answers at all: small ones without files, and no orders from other sites' pages."""

import json
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BYTES = 1_000_000  # of a request's body; the page's own requests have a few thousand at most
READING = ("GET", "HEAD", "OPTIONS")
_CLOSED = ("upload", "process_recording", "deep_link")  # of Gradio's routes: they store what anyone sends
_FILE = "gradio.FileData"  # the type of JSON objects that make Gradio fetch and keep a file

TOO_LARGE = f"The request is too large; send at most {MAX_BYTES:,} bytes."
NO_FILES = "The app takes no files; send JSON."
OTHER_SITE = (
    "A page from {origin} may not use this app, only the app's own page at {host}. If {origin} is that page, "
    "its proxy changes the address: let it pass the header Host on, or set GRADIO_ROOT_PATH to the page's address."
)


class Gate:
    """ASGI middleware that refuses a request with one sentence, or passes it on unchanged."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        route = scope["path"].rstrip("/").rpartition("/gradio_api/")[2]
        length = headers.get("content-length", "0")
        refusal: tuple[int, str] | None = None
        if route in _CLOSED or headers.get("content-type", "").startswith("multipart/"):
            refusal = 403, NO_FILES
        elif length.isdecimal() and int(length[:20]) > MAX_BYTES:
            refusal = 413, TOO_LARGE
        elif scope["method"] not in READING and not is_own_page(headers, os.environ):
            origin, host = headers.get("origin", "another site")[:100], headers.get("host", "")[:100]
            refusal = 403, OTHER_SITE.format(origin=origin, host=host)
        elif scope["method"] not in READING:
            body = await _read(receive)  # a request may give no length
            if body is None:
                return
            refusal = (413, TOO_LARGE) if len(body) > MAX_BYTES else (403, NO_FILES) if _has_file(body) else None
            receive = _after(body, receive)
        if refusal:
            response = PlainTextResponse(refusal[1], refusal[0], {"Connection": "close"})
            await response(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def is_own_page(headers: Headers, environment: Mapping[str, str]) -> bool:
    """Whether a request comes from the app's own page, in a window or in the frame of its Space, or from a program.

    Browsers say so in Sec-Fetch-Site, which no page can change, if the connection is encrypted or local. Otherwise they
    give the page's address as the Origin. Programs send neither.
    """
    origin = urlsplit(headers.get("origin", "")).netloc
    addresses = {
        *environment.get("SPACE_HOST", "").split(","),
        urlsplit(environment.get("GRADIO_ROOT_PATH", "")).netloc,
    }
    if origin and origin in addresses:
        return True
    if site := headers.get("sec-fetch-site"):
        return site in ("same-origin", "none")
    return "origin" not in headers or origin == headers.get("host")


async def _read(receive: Receive) -> bytes | None:
    """A request's body, or the beginning of one that is too large. None if the connection broke off."""
    body = bytearray()
    while len(body) <= MAX_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body)


def _after(body: bytes, receive: Receive) -> Receive:
    """What `receive` was before `body` was read."""
    is_sent = False

    async def again() -> Message:
        nonlocal is_sent
        if is_sent:
            return await receive()
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _has_file(body: bytes) -> bool:
    """Whether JSON contains an object that makes Gradio fetch a file."""
    is_found = False

    def look(entries: dict[str, object]) -> dict[str, object]:
        nonlocal is_found
        is_found |= entries.get("_type") == _FILE
        return entries

    try:
        json.loads(body, object_hook=look)
    except (ValueError, RecursionError):  # Gradio will refuse it
        return False
    return is_found
