"""python -m benchmarks.page: compare the page's speed with a bare Gradio app that shows a ready-made picture.

Both apps run at the same time and take turns in one browser. Writes benchmarks/PAGE.md. Needs Chromium.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from benchmarks.visitors import Visitor
from model.files.folders import REPOSITORY
from model.files.writing import write_file

OUTPUT = Path(__file__).with_name("PAGE.md")
BARE = """
import numpy, gradio
pictures = [numpy.random.default_rng(k).integers(0, 255, (448, 448), numpy.uint8) for k in range(2)]
turn = [0]
def show():
    turn[0] ^= 1
    return pictures[turn[0]]
with gradio.Blocks() as page:
    picture = gradio.Image(format="png", elem_id="picture")
    button = gradio.Button("Generate")
    button.click(show, None, picture, api_name="show")
    page.load(show, None, picture)
page.launch()
"""
READY = {"ours": "#draw .tile canvas", "bare": "#picture img"}
# Chromium's own "Fast 3G": 1.44 Mbit/s down, 0.675 Mbit/s up (in bytes a second), and milliseconds of latency.
FAST_3G = {"offline": False, "latency": 562.5, "downloadThroughput": 180_000, "uploadThroughput": 84_375}
WAIT = 60_000  # milliseconds
WHEN_READY = """
    const look = () => {
        if (%s) window.readyAt = performance.now();
        else requestAnimationFrame(look);
    };
    look();
"""
IS_DRAWN = """[...document.querySelectorAll("#draw .tile canvas")].some((canvas) =>
    canvas.width && canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data[3])"""
# People click at any moment within a screen frame, and see the answer at the start of a later one.
CLICK = """async (button) => {
    await new Promise((done) => setTimeout(done, 1000 / 60 * Math.random()));
    const began = performance.now();
    button.click();
    return (await window.changed) - began;
}"""
CHANGED = """([selector, attribute]) => {
    const shown = () => {
        const one = document.querySelector(selector);
        return one && (attribute === "pixels" ? one.toDataURL() : one.src);
    };
    const before = shown();
    window.changed = new Promise((done) => {
        const look = () => (shown() && shown() !== before ? done(performance.now()) : requestAnimationFrame(look));
        look();
    });
}"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="of each measurement (default: %(default)s)")
    parser.add_argument("--draws", type=int, default=10_000, help="for the memory (default: %(default)s)")
    parser.add_argument("--visitors", type=int, default=50, help="at once (default: %(default)s)")
    parser.add_argument("--chromium", default="/usr/bin/chromium", metavar="FILE")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    lines = ["| measure | ours | bare app | ratio | target | met |", "|---|---|---|---|---|---|"]
    with served([sys.executable, "app.py"]) as (ours, process), served([sys.executable, "-c", BARE]) as (bare, _):
        addresses = {"ours": ours, "bare": bare}
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
            lines += in_the_browser(browser, addresses, options.rounds)
            lines += over_a_slow_network(browser, ours)
            browser.close()
        lines += crowds(addresses, options.visitors)
        lines += memory(Visitor(ours), process.pid, options.draws)
    write_file(OUTPUT, ("\n".join(lines) + "\n").encode())
    print(*lines, sep="\n")


@contextmanager
def served(command: list[str]) -> Iterator[tuple[str, subprocess.Popen]]:
    """An app on a free loopback port: its address and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    environment = os.environ | {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    app = subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(address, timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address, app
    finally:
        app.terminate()
        app.wait()


def in_the_browser(browser: object, addresses: dict[str, str], rounds: int) -> Iterator[str]:
    """How long one person waits."""

    def opened(which: str, query: str = "") -> object:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(WHEN_READY % f"document.querySelector({READY[which]!r})")
        page.goto(addresses[which] + query)
        page.wait_for_selector(READY[which], state="attached", timeout=WAIT)
        return page

    def click(page: object, which: str) -> float:
        """Milliseconds from a click on Generate to another picture."""
        return clicked(page, "button:text-is('Generate')", READY[which], "pixels" if which == "ours" else "src")

    def compared(what: str, ours: Callable[[], float], bare: Callable[[], float], target: float) -> str:
        pairs = [(ours(), bare()) for _ in range(rounds)]
        return line(what, *(statistics.median(times) for times in zip(*pairs, strict=True)), target)

    def ready(which: str) -> float:
        """Milliseconds from the beginning of the navigation."""
        page = opened(which)
        milliseconds = page.evaluate("window.readyAt")
        page.close()
        return milliseconds

    yield compared("page ready, ms", lambda: ready("ours"), lambda: ready("bare"), 1.3)
    bare = opened("bare")
    for what, query, target in (
        ("click to picture, ms", "?class=cat&count=1", 1.3),
        ("16 pictures, ms", "?count=16", 1.5),
    ):
        page = opened("ours", query)
        page.wait_for_selector("[data-ahead]", timeout=WAIT)
        yield compared(what, lambda page=page: click(page, "ours"), lambda: click(bare, "bare"), target)
        page.close()
    page = opened("ours", "?class=cat&keys=7,12")
    page.wait_for_selector("#morph .player canvas[aria-label*=seeds]", timeout=WAIT)
    yield compared(
        "64-frame morph, ms",
        lambda: clicked(page, "#morph .shuffle", "#morph .player canvas", "pixels"),
        lambda: click(bare, "bare"),
        2.0,
    )
    yield frames(page)
    page.close()
    bare.close()


def over_a_slow_network(browser: object, address: str) -> Iterator[str]:
    """What a first visit on a phone's network takes until the first drawing is there, with an empty cache."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.add_init_script(WHEN_READY % IS_DRAWN)
    network = context.new_cdp_session(page)
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", FAST_3G)
    page.goto(address, wait_until="commit")
    page.wait_for_function("window.readyAt", timeout=WAIT)
    kilobytes, seconds = sum(sizes) / 1000, page.evaluate("window.readyAt") / 1000
    context.close()
    for what, value, limit in (
        ("bytes over the wire before the first drawing, kB", kilobytes, 250),
        ("first drawing on throttled 3G, s", seconds, 6),
    ):
        yield f"| {what} | {value:.1f} | | | {limit} | {'yes' if value <= limit else '**no**'} |"


def clicked(page: object, button: str, picture: str, attribute: str) -> float:
    """Milliseconds from a click on the one visible `button` to a change of the `picture`."""
    page.evaluate(CHANGED, [picture, attribute])
    return page.locator(button).locator("visible=true").evaluate(CLICK)


def frames(page: object) -> str:
    """How long a frame takes while someone scrubs, with 200 ms of added network latency."""
    network = page.context.new_cdp_session(page)
    network.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 200, "downloadThroughput": -1, "uploadThroughput": -1},
    )
    cost = page.evaluate("""() => {
        const slider = document.querySelector("#morph .player input[type=range]");
        const costs = [];
        for (let step = 0; step < 240; step++) {
            const began = performance.now();
            slider.value = 31.5 + 31.5 * Math.sin(step / 20);
            slider.dispatchEvent(new Event("input"));
            document.querySelector("#morph .player canvas").getContext("2d").getImageData(0, 0, 1, 1);
            costs.push(performance.now() - began);
        }
        return costs.sort((one, other) => one - other)[Math.floor(0.95 * costs.length)];
    }""")
    holds = "yes" if cost <= 1000 / 60 else "**no**"
    return f"| a scrubbed frame with 200 ms of network latency, p95, ms | {cost:.1f} | | | 16.7 | {holds} |"


def crowds(addresses: dict[str, str], count: int) -> Iterator[str]:
    """Many visitors at once, five draws each."""

    def visit(which: str) -> list[float]:
        visitor, times = Visitor(addresses[which]), []
        for _ in range(5):
            began = time.perf_counter()
            visitor.draw() if which == "ours" else visitor.show()
            times.append(1000 * (time.perf_counter() - began))
        return times

    slowest = {}
    for which in ("ours", "bare"):
        with ThreadPoolExecutor(count) as people:
            times = sorted(t for visited in people.map(visit, [which] * count) for t in visited)
        slowest[which] = times[int(0.95 * len(times))]
    yield line(f"{count} visitors at once, p95, ms", slowest["ours"], slowest["bare"], 3.0)


def memory(visitor: Visitor, pid: int, draws: int) -> Iterator[str]:
    """Resident memory before and after many draws, once every class has been drawn."""

    def resident() -> float:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e9

    names = visitor.class_names()
    for name in names:
        visitor.draw(name)
    before = resident()
    for number in range(draws // 16):
        visitor.draw(names[number % len(names)], count=16)
    after = resident()
    holds = "yes" if after < 1.2 and after <= 1.05 * before else "**no**"
    what = f"resident memory after {draws:,} draws, GB (bare app: before them)"
    yield f"| {what} | {after:.2f} | {before:.2f} | {after / before:.2f} | 1.05 | {holds} |"


def line(what: str, ours: float, bare: float, target: float) -> str:
    ratio = ours / bare
    return f"| {what} | {ours:.0f} | {bare:.0f} | {ratio:.2f} | {target:g} | {'yes' if ratio <= target else '**no**'} |"


if __name__ == "__main__":
    main()
