"""The app's entry point, on a laptop (python app.py) and as a Hugging Face Space."""

import contextlib
import io
import logging
import os
import sys
from urllib.parse import urlsplit

from model.system.proxies import prepare_proxies
from model.system.terminal import write_anywhere

if __name__ == "__main__":  # before Gradio is imported, which already fails if a proxy can't be used
    write_anywhere()
    try:
        prepare_proxies()
    except ValueError as error:
        sys.exit(f"app.py: {error}")

with contextlib.suppress(ImportError):
    import spaces  # noqa: F401  on ZeroGPU, this must be imported before torch

import gradio as gr
from starlette.middleware import Middleware

from model.drawing.sampler import Sampler
from model.hub.collection import Collection
from model.networks.device import limit_threads, pick_device
from studio.head.browser_keys import BrowserKeys
from studio.head.link_pictures import LinkPictures
from studio.head.page_head import PageHead
from studio.page import build_page
from studio.shared.assets import preload_links, script_routes
from studio.shared.gate import Gate
from studio.shared.short_lines import short_lines
from studio.shared.theme import paper
from train.execution.worker import keep_worker_running, push_in_background
from train.home import Home
from train.runs.settings import is_zero_gpu
from train.site.markup import STUDIO

log = logging.getLogger(__name__)


def build_app() -> tuple[gr.Blocks, Sampler]:
    """The page, and what draws for it."""
    limit_threads(1)  # each visitor's request already runs in its own thread
    home = Home.from_environment()
    device = pick_device("cpu" if is_zero_gpu() else None)  # ZeroGPU lends a GPU within calls only: for training
    sampler = Sampler(home.checkpoint_folders, device, collection=Collection.from_environment())
    return build_page(home, sampler), sampler


def launch(app: gr.Blocks, sampler: Sampler, **options: object) -> None:
    """Serve the page. Unfinished runs continue, and checkpoints that are still to be pushed are pushed."""
    home = Home.from_environment()
    log.info("The app draws on the device “%s”.", sampler.device)
    keep_worker_running(home)
    push_in_background(home)
    app.queue(max_size=64).launch(
        theme=paper(),
        css_paths=STUDIO / "shared" / "style.css",
        head=preload_links("shared", "tracing", "look", "favourites", "draw"),  # what the first view needs
        app_kwargs={
            "routes": [*script_routes(), LinkPictures(sampler).route()],
            "middleware": [Middleware(Gate), Middleware(BrowserKeys, home), Middleware(PageHead, sampler)],
        },
        favicon_path=STUDIO / "head" / "icon.png",
        ssr_mode=False,  # Spaces switch it on, but then Node answers in place of PageHead
        footer_links=["api"],
        run_history=False,
        enable_monitoring=False,
        mcp_server=os.environ.get("DOODLES_MCP") == "1",
        prevent_thread_lock=True,
        _frontend=False,  # or else Gradio gives up if its own request for the page takes three seconds
        **options,
    )
    wanted = os.environ.get("GRADIO_SERVER_PORT") or "7860"
    if app.local_url and str(urlsplit(app.local_url).port) != wanted:
        print(f"Port {wanted} is in use, so the page is at {app.local_url} instead.", flush=True)
    app.block_thread()


if __name__ == "__main__":
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = short_lines(sys.stderr)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    for client in ("httpx", "httpx2"):  # they log every request
        logging.getLogger(client).setLevel(logging.WARNING)
    try:
        app, sampler = build_app()
    except ValueError as error:
        sys.exit(f"app.py: {error}")
    try:
        launch(app, sampler)
    except OSError as error:
        if "empty port" not in str(error):
            raise
        sys.exit("app.py: All ports that it may use are in use; set GRADIO_SERVER_PORT to a free one.")
