"""ASGI middleware that gives each browser a key with the page, as a signed cookie."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.shared.visitors import COOKIE, browser_key, new_cookie
from train.home import Home

MAX_AGE = 400 * 24 * 3600  # seconds; browsers allow no more


class BrowserKeys:
    def __init__(self, app: ASGIApp, home: Home):
        self.app, self.home = app, home

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in ("", "/")
        headers = Headers(scope=scope) if is_page else Headers()
        if not is_page or browser_key(self.home, headers.get("cookie", "")):
            await self.app(scope, receive, send)
            return
        is_secure = "https" in (scope.get("scheme"), headers.get("x-forwarded-proto", "").split(",")[0].strip())

        async def send_with_key(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(raw=message["headers"])
                # A Space shows the page in a frame of another site, where browsers want the last two words.
                where = "SameSite=None; Secure; Partitioned" if is_secure else "SameSite=Lax"
                answered.append(
                    "set-cookie", f"{COOKIE}={new_cookie(self.home)}; Max-Age={MAX_AGE}; Path=/; HttpOnly; {where}"
                )
                answered["cache-control"] = "no-store"  # no proxy may give one visitor's key to another
            await send(message)

        await self.app(scope, receive, send_with_key)
