"""Who is asking: a visitor's login or address, as a salted hash, so that limits hold and nobody is on record."""

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
    """The same for the same visitor, and nothing can be told from it."""
    name = f"login {profile.username}" if profile else f"address {address(request, settings.proxies)}"
    return "visitor-" + hashlib.sha256(_salt(home.runs) + name.encode()).hexdigest()[:16]


def address(request: gr.Request, proxies: int) -> str:
    """Where a request comes from. Only what the host's own proxies have put into x-forwarded-for is believed.

    proxies: how many there are; each adds to the header's end whom it was asked by.
    """
    if proxies:
        lines = request.headers.getlist("x-forwarded-for")  # each proxy adds to the last one, or a line of its own
        forwarded = [part.strip() for part in ",".join(lines).split(",")]
        return forwarded[max(0, len(forwarded) - proxies)]
    # The web server may have believed that header unasked; whoever comes with one then is as unknown as all such.
    known = request.client and "x-forwarded-for" not in request.headers
    return request.client.host if known else "unknown"


@lru_cache(maxsize=8)
def _salt(runs: Path) -> bytes:
    """Random bytes of this installation, made at first use; of this process alone where nothing can be written."""
    path, fresh = runs / "salt", secrets.token_bytes(32)
    try:
        runs.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            with FileLock(runs / "create.lock"):  # only the first of several processes gets its own in
                if not path.exists():
                    write_file(path, fresh, mode=0o600)
        return path.read_bytes() or fresh
    except OSError as error:
        log.warning("The salt of visitors' ids can't be kept: %s", error)
        return fresh
