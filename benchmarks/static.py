"""python -m benchmarks.static: what drawing costs in the browser's engine, in milliseconds of one core, with Node.

Node has the JavaScript engine of Chromium. Processor time doesn't depend on what else the machine does.
--page compares the whole page without a server with the app's, in turn in one Chromium.
"""

import argparse
import gzip
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.page import IS_DRAWN, WAIT, WHEN_READY, frames, served
from model.files.folders import REPOSITORY
from model.quickdraw.classes import CLASS_NAMES

PACKED = {".html", ".js", ".css", ".json", ".svg", ".webmanifest"}  # what file servers usually compress
ROUNDS, CHANGES, WARM = 12, 1000, 200
SERVER = """
import os, sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
handler = partial(SimpleHTTPRequestHandler, directory=sys.argv[1])
ThreadingHTTPServer(("127.0.0.1", int(os.environ["GRADIO_SERVER_PORT"])), handler).serve_forever()
"""
CHANGE = """async (name) => {
    const box = document.querySelector("#draw-class");
    const began = performance.now();
    box.value = name;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    const isThere = () => document.querySelector("#draw .tile")?.ariaLabel.startsWith(`${name}, `);
    while (!isThere() && performance.now() - began < 10000) await new Promise(requestAnimationFrame);
    return performance.now() - began;
}"""

PROGRAM = """
import { readFileSync } from "node:fs";
import { Generator, drawBetween, useKernel } from "./studio/engine/engine.js";
import { readCheckpoint } from "./studio/engine/file.js";
const read = (name) => {
  const file = readFileSync(`./checkpoints/${name}.safetensors`);
  const content = file.buffer.slice(file.byteOffset, file.byteOffset + file.length);
  return new Generator(name, readCheckpoint(content, name).network);
};
function cost(work, rounds) {
  const times = [];
  for (let round = 0; round < rounds + 2; round++) {
    const began = process.cpuUsage();
    work(round);
    const { user, system } = process.cpuUsage(began);
    if (round > 1) times.push((user + system) / 1000);
  }
  return times.sort((one, other) => one - other)[Math.floor(times.length / 2)];
}
const found = { "read a checkpoint": cost(() => read("cat"), 9) };
const [cat, dog] = [read("cat"), read("dog")];
const draw = (count) => (round) => {
  for (let seed = 0; seed < count; seed++) cat.draw({ seed: 100 * round + seed });
};
for (const isPlain of [false, true]) {
  useKernel({ isPlain });
  const kind = isPlain ? "plain JavaScript" : "WebAssembly";
  const rounds = isPlain ? 3 : 9;
  for (const count of [1, 16, 64]) found[`${count} drawings, ${kind}`] = cost(draw(count), rounds);
  const mix = () => { for (let frame = 0; frame < 64; frame++) drawBetween(cat, dog, frame / 63, { seed: 7 }); };
  found[`64 frames from cat to dog, ${kind}`] = cost(mix, isPlain ? 1 : 5);
}
useKernel({});
const before = process.memoryUsage();
for (let turn = 0; turn < 300; turn++) (turn % 2 ? cat : dog).draw({ seed: turn });
found["MB more after 300 changes of class"] = (process.memoryUsage().arrayBuffers - before.arrayBuffers) / 1e6;
console.log(JSON.stringify(found));
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.static", description=__doc__)
    parser.add_argument("--page", action="store_true", help="compare the whole page with the app's, in Chromium")
    parser.add_argument("--chromium", default="/usr/bin/chromium", metavar="FILE")
    options = parser.parse_args()
    command = ["node", "--input-type=module", "-e", PROGRAM]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, encoding="utf-8", check=True)
    for what, number in json.loads(done.stdout).items():
        print(f"{number:8.1f}  {what}")
    if options.page:
        for what, measured in _pages(options.chromium):
            print(f"{measured:8.2f}  {what}", flush=True)


def _pages(chromium: str) -> Iterator[tuple[str, float]]:
    """What a visitor of the page without a server waits for and needs, beside the app's page."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        subprocess.run([sys.executable, "-m", "train", "site", folder], cwd=REPOSITORY, check=True, capture_output=True)
        server = [sys.executable, "-c", SERVER, folder]
        with served([sys.executable, "app.py"]) as (app, _), served(server) as (site, _):
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])

            def opened(address: str, seen: Callable[[str], None] = lambda _: None) -> object:
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.on("request", lambda request: seen(request.url))
                page.add_init_script(WHEN_READY % IS_DRAWN)
                page.goto(address)
                page.wait_for_function("window.readyAt", timeout=WAIT)
                return page

            def ready(address: str) -> float:
                page = opened(address)
                milliseconds = page.evaluate("window.readyAt")
                page.close()
                return milliseconds

            pairs = [(ready(site), ready(app)) for _ in range(ROUNDS)]
            ours, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
            yield "ms until the first drawing", ours
            yield "ms until the app's first drawing", theirs
            yield "times as late as the app's (target 1.3)", ours / theirs

            addresses: list[str] = []
            page = opened(site, addresses.append)
            paths = {urlsplit(address).path for address in addresses if address.startswith(site)}
            yield (
                "kB over the wire until then, compressed (target 1,500)",
                sum(_sent(Path(folder), at) for at in paths) / 1000,
            )

            yield "% of a core while the page is idle", _idle(browser, page)
            other = opened(app)
            yield "% of a core while this and the app's page are idle", _idle(browser, other)
            other.close()

            files = sorted(path.stem for path in (Path(folder) / "classes").glob("*.safetensors"))
            names = [name for name in files if name in CLASS_NAMES]
            yield (
                "ms until another class, median (target 150)",
                statistics.median(page.evaluate(CHANGE, name) for name in names),
            )
            for number in range(WARM):
                page.evaluate(CHANGE, names[number % len(names)])
            before = _memory_of_pages(browser)
            for number in range(CHANGES):
                page.evaluate(CHANGE, names[number % len(names)])
            yield f"times the memory after {CHANGES:,} more changes of class", _memory_of_pages(browser) / before
            page.goto(site + "?class=cat&into=dog&keys=7,12")
            page.wait_for_selector("#morph .player canvas[aria-label*=seeds]", timeout=WAIT)
            yield "ms for a scrubbed frame, 95th percentile (target 16.7)", float(frames(page).split("|")[2])
            browser.close()


def _idle(browser: object, page: object) -> float:
    """Percent of a core that all pages take while nobody does anything."""
    page.wait_for_timeout(3000)
    before = _cost_of_pages(browser)
    page.wait_for_timeout(10_000)
    return 10 * (_cost_of_pages(browser) - before)


def _sent(folder: Path, path: str) -> int:
    """Bytes of a file as file servers send it."""
    file = folder / (path.strip("/") or "index.html")
    content = file.read_bytes()
    return len(gzip.compress(content)) if file.suffix in PACKED else len(content)


def _processes(browser: object) -> list[dict[str, float]]:
    """Chromium's processes for pages: their `id` and `cpuTime`, in seconds."""
    every = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return [each for each in every if each["type"] == "renderer"]


def _cost_of_pages(browser: object) -> float:
    """Seconds of processor time so far."""
    return sum(each["cpuTime"] for each in _processes(browser))


def _memory_of_pages(browser: object) -> float:
    """Resident memory, in the system's pages."""
    time.sleep(3)  # for the collection of garbage
    sizes = [Path(f"/proc/{each['id']:.0f}/statm").read_text(encoding="utf-8") for each in _processes(browser)]
    return sum(int(size.split()[1]) for size in sizes)


if __name__ == "__main__":
    main()
