"""ASGI middleware for the page's HTML: gives links a title and a picture, and compresses what is sent.

Chats and social networks read these tags without running scripts. Gradio's own say "Gradio" for every link.
"""

import gzip
import os
import re
from collections.abc import Mapping
from html import escape
from urllib.parse import urlsplit

import brotli
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from model.drawing.sampler import Sampler
from model.drawing.view import MAX_QUERY_LENGTH
from model.exports.link_picture import HEIGHT, WIDTH, title
from studio.head.link_pictures import ROUTE
from studio.head.link_view import read_link

TITLE = "Endless Doodles"
DESCRIPTION = "Drawings that nobody drew. Open the link, and draw, morph or train your own."
QUALITY = 5  # of brotli: takes a few milliseconds
_OTHER_TAGS = re.compile(rb'<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*')
_HOST = re.compile(r"[\w.:\[\]-]{1,255}")


class PageHead:
    def __init__(self, app: ASGIApp, sampler: Sampler):
        self.app, self.sampler = app, sampler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in ("", "/")
        if not is_page:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        start: Message | None = None
        body = bytearray()

        async def keep(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    await answer()

        async def answer() -> None:
            assert start is not None
            answered = MutableHeaders(raw=start["headers"])
            content = bytes(body)
            if answered.get("content-type", "").startswith("text/html") and "content-encoding" not in answered:
                query = scope["query_string"].decode("latin-1")
                address = page_address(headers, scope.get("scheme", "http"), os.environ)
                content = with_tags(content, self.tags(query, address))
                content, encoding = compressed(content, headers.get("accept-encoding", ""))
                answered["content-length"] = str(len(content))
                answered.add_vary_header("Accept-Encoding")
                if encoding:
                    answered["content-encoding"] = encoding
            await send(start)
            await send({"type": "http.response.body", "body": content})

        await self.app(scope, receive, keep)

    def tags(self, query: str, address: str) -> str:
        """The tags for a link with this query to the page at `address`."""
        query = query if len(query) <= MAX_QUERY_LENGTH else ""
        try:
            heading = f"{title(read_link(self.sampler, query))} · {TITLE}" if query else TITLE
        except ValueError:  # nothing can be drawn
            heading = TITLE
        picture = f"{address}/{ROUTE}" + (f"?{query}" if query else "")
        entries = {
            "og:type": "website",
            "og:site_name": TITLE,
            "og:title": heading,
            "og:description": DESCRIPTION,
            "og:url": f"{address}/" + (f"?{query}" if query else ""),
            "og:image": picture,
            "og:image:type": "image/png",
            "og:image:width": str(WIDTH),
            "og:image:height": str(HEIGHT),
            "og:image:alt": f"Doodles: {heading}",
            "twitter:card": "summary_large_image",
        }
        tags = (
            f'<meta {"name" if name.startswith("twitter:") else "property"}="{name}" content="{escape(text)}">'
            for name, text in entries.items()
        )
        return "".join(tags) + f'<meta name="description" content="{escape(DESCRIPTION)}">'


def with_tags(html: bytes, tags: str) -> bytes:
    """The page with these tags instead of Gradio's, and with a manifest that is found below a proxy's path, too."""
    head, end, rest = html.partition(b"</head>")
    head = _OTHER_TAGS.sub(b"", head).replace(b'href="/manifest.json"', b'href="./manifest.json"')
    return head + tags.encode() + end + rest


def compressed(content: bytes, accepted: str) -> tuple[bytes, str]:
    """The content in the best encoding that a browser accepts, and that encoding's name; empty for none."""
    if "br" in accepted:
        return brotli.compress(content, brotli.MODE_TEXT, QUALITY), "br"
    if "gzip" in accepted:
        return gzip.compress(content, 6), "gzip"
    return content, ""


def page_address(headers: Headers, scheme: str, environment: Mapping[str, str]) -> str:
    """The page's address without a slash at the end, as visitors see it, also through a proxy."""
    root = environment.get("GRADIO_ROOT_PATH", "").rstrip("/")
    if urlsplit(root).scheme in ("http", "https"):
        return root
    if host := environment.get("SPACE_HOST", "").split(",")[0]:
        return f"https://{host}{root}"
    host = headers.get("x-forwarded-host", headers.get("host", "")).split(",")[0].strip()
    forwarded = headers.get("x-forwarded-proto", scheme).split(",")[0].strip()
    return f"{'https' if forwarded == 'https' else 'http'}://{host if _HOST.fullmatch(host) else 'localhost'}{root}"
