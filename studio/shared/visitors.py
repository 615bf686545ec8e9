"""Visitor ids: a salted hash of a login, a browser's key or an address, so that limits apply and no names are stored.

A browser gets its key as a signed cookie with the page, so that a whole school behind one address isn't one visitor.
"""

import hashlib
import hmac
import logging
import secrets
from functools import lru_cache
from pathlib import Path

import gradio as gr
from filelock import FileLock

from model.files.writing import write_file
from train.home import Home
from train.runs.settings import Settings

COOKIE = "doodles"

log = logging.getLogger(__name__)


def visitor_id(home: Home, settings: Settings, request: gr.Request, profile: gr.OAuthProfile | None) -> str:
    """Always the same for a visitor, and it reveals nothing about them. Programs bring no key; their address counts."""
    if profile:
        return _hashed(home, f"login {profile.username}")
    if key := browser_key(home, request.headers.get("cookie", "")):
        return _hashed(home, f"browser {key}")
    return address_id(home, settings, request)


def address_id(home: Home, settings: Settings, request: gr.Request) -> str:
    """The same for all visitors from one address."""
    return _hashed(home, f"address {address(request, settings.proxies)}")


def new_cookie(home: Home) -> str:
    """The value of a cookie with a new browser's key and its signature."""
    key = secrets.token_hex(16)
    return f"{key}.{_signature(home, key)}"


def browser_key(home: Home, cookies: str) -> str:
    """The key in a request's cookies, as the header holds them; empty if there is none that this app has signed."""
    values = [part.partition("=")[2].strip() for part in cookies.split(";") if part.partition("=")[0].strip() == COOKIE]
    for key, _, signature in (value.partition(".") for value in values):
        if hmac.compare_digest(signature.encode(), _signature(home, key).encode()):
            return key
    return ""


def address(request: gr.Request, proxies: int) -> str:
    """The address that a request comes from. Only the host's own proxies are trusted to write x-forwarded-for.

    proxies: how many of them there are; each appends the address that it was called from.
    """
    if proxies:
        lines = request.headers.getlist("x-forwarded-for")  # a proxy extends the last line or adds one
        forwarded = [part.strip() for part in ",".join(lines).split(",")]
        return forwarded[max(0, len(forwarded) - proxies)]
    # The web server may have trusted that header, so all requests that bring one share a single address.
    if request.client and "x-forwarded-for" not in request.headers:
        return request.client.host
    return "unknown"


def is_local(request: gr.Request) -> bool:
    """Whether a request was made on this machine, and not passed on by a proxy here."""
    is_direct = not {"forwarded", "x-forwarded-for", "x-real-ip"} & set(request.headers.keys())
    return is_direct and bool(request.client) and request.client.host in ("127.0.0.1", "::1")


def _hashed(home: Home, name: str) -> str:
    return "visitor-" + hashlib.sha256(_salt(home.runs) + name.encode()).hexdigest()[:16]


def _signature(home: Home, key: str) -> str:
    return hmac.new(_salt(home.runs), f"key {key}".encode(), hashlib.sha256).hexdigest()[:32]


@lru_cache(maxsize=8)
def _salt(runs: Path) -> bytes:
    """Random bytes, made at first use and stored with the runs; kept in memory only if they can't be written."""
    path, new_salt = runs / "salt", secrets.token_bytes(32)
    try:
        runs.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            with FileLock(runs / "create.lock"):  # of several processes, only the first writes
                if not path.exists():
                    write_file(path, new_salt, mode=0o600)
        return path.read_bytes() or new_salt
    except OSError as error:
        log.warning("The salt for visitor ids can't be stored: %s", error)
        return new_salt
