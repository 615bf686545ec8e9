"""Visitor ids: a salted hash of a login or address, so that limits apply and no names are stored."""

import hashlib
import logging
import secrets
from functools import lru_cache
from pathlib import Path

import gradio as gr
from filelock import FileLock

from model.files.writing import write_file
from train.home import Home
from train.runs.settings import Settings

log = logging.getLogger(__name__)


def visitor_id(home: Home, settings: Settings, request: gr.Request, profile: gr.OAuthProfile | None) -> str:
    """Always the same for a visitor, and it reveals nothing about them."""
    name = f"login {profile.username}" if profile else f"address {address(request, settings.proxies)}"
    return "visitor-" + hashlib.sha256(_salt(home.runs) + name.encode()).hexdigest()[:16]


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
