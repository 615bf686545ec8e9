"""Attack the app: thousands of requests that nobody should send, several at a time.

    python -m benchmarks.hostile [--requests 4000] [--at-once 8] [--seed 0]

Three of four spoil one part of a right request to an endpoint, to a function of the page or to a private event; the
others are too large, broken, or ask for paths. Writes benchmarks/HOSTILE.md, and exits with 1 if an answer shows the
app's insides, a file is left, memory grows too far, or the app doesn't draw the same afterwards. Needs Linux.
"""

import argparse
import copy
import json
import random
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.harness.attacks import COMPONENT_FUNCTIONS, ENDPOINTS, LARGE, NUMBERS, TEXTS
from benchmarks.harness.drawings import suns, write_class
from benchmarks.harness.site import Site

OUTPUT = Path(__file__).with_name("HOSTILE.md")
ALLOWED = {200, 400, 403, 404, 405, 413, 422, 500}  # 500: what Gradio answers if one of its own checks refuses a value
INSIDES = ("Traceback", "site-packages", 'File "/')
MAX_GROWTH = 200_000_000  # bytes of memory
MAX_LOG = 2_000  # bytes for each request
OWN_FILES = {"runs/salt", "runs/create.lock"}  # the app makes them when it is first asked for a run
PATHS = (
    "gradio_api/file=/etc/passwd",
    "gradio_api/file=../../../../etc/passwd",
    "gradio_api/scripts/x/../../app.py",
    "gradio_api/call/draw/../../../x",
    "gradio_api/proxy=http://127.0.0.1:1/",
    "static/../../../../etc/passwd",
    "?__theme=<script>&class=%ff%fe",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=4000, metavar="N")
    parser.add_argument("--at-once", type=int, default=8, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_class(Path(folder, "drawings"), "sun", suns(60))
        with Site(Path(folder, "home"), str(Path(folder, "drawings"))) as site:
            rows, is_met = attack(site, options.requests, options.at_once, random.Random(options.seed))
    lines = ["| measure | reached | target | met |", "|---|---|---|---|", *rows]
    print(*lines, sep="\n")
    OUTPUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return not is_met


def attack(site: Site, num_requests: int, at_once: int, rng: random.Random) -> tuple[list[str], bool]:
    """The lines of the table, and whether all targets are met."""
    before, memory, log, began = drawn(site), memory_of(site), log_size(site), time.time()
    files = files_of(site)
    requests = [*plan(site, num_requests, rng)]
    with ThreadPoolExecutor(at_once) as pool:
        answers = list(pool.map(lambda request: answer(site, *request), requests))
    statuses = Counter(status for status, _ in answers)
    odd = sum(count for status, count in statuses.items() if status not in ALLOWED)
    shown = sum(any(word in text for word in INSIDES) for _, text in answers)
    growth, log = memory_of(site) - memory, log_size(site) - log
    same = drawn(site) == before
    left = files_of(site) - files - OWN_FILES
    told = ", ".join(f"{count} with {status}" for status, count in sorted(statuses.items()))
    checks = [
        ("other answers, or none", odd, 0, odd == 0),
        ("answers that show the app's insides", shown, 0, shown == 0),
        ("files left", ", ".join(sorted(left)) or 0, 0, not left),
        ("most memory, MB more", round(growth / 1e6), f"at most {MAX_GROWTH // 10**6}", growth <= MAX_GROWTH),
        ("log, bytes a request", round(log / num_requests), f"at most {MAX_LOG}", log <= MAX_LOG * num_requests),
        ("draws the same afterwards", "yes" if same else "no", "yes", same),
    ]
    rows = [
        f"| requests, {at_once} at a time, in {time.time() - began:.0f} s | {len(requests)} | | |",
        f"| answers | {told} | | |",
        *(f"| {name} | {got} | {target} | {'yes' if met else 'no'} |" for name, got, target, met in checks),
    ]
    return rows, all(met for *_, met in checks)


def plan(site: Site, num_requests: int, rng: random.Random):
    """Yield a path and a body for each request: JSON, raw bytes, or None for a GET."""
    config = json.loads(answer(site, "config", None)[1])
    components = {one["props"].get("elem_id"): one["id"] for one in config["components"]}
    events = [event for event in config["dependencies"] if event["backend_fn"] and event["api_visibility"] == "private"]
    for _ in range(num_requests):
        kind = rng.choice(("endpoint", "endpoint", "function", "function", "function", "event", "raw", "path"))
        if kind == "endpoint":
            name, good = rng.choice(list(ENDPOINTS.items()))
            yield f"gradio_api/run/{name}", {"data": spoiled(good, rng)}
        elif kind == "function":
            component, function, good = rng.choice(COMPONENT_FUNCTIONS)
            own = {"session_hash": "x", "component_id": components[component], "fn_name": function}
            yield "gradio_api/component_server", own | {"data": spoiled(good, rng)}
        elif kind == "event":
            event = rng.choice(events)
            own = {"fn_index": event["id"], "session_hash": "x"}
            yield "gradio_api/run/predict", own | {"data": [odd(rng) for _ in event["inputs"]]}
        elif kind == "raw":
            text = json.dumps({"data": [odd(rng)]}).encode()
            yield (
                "gradio_api/run/draw",
                rng.choice([text[: len(text) // 2], b"[" * 100_000, b"\xff" * 1000, b"x" * 2**21]),
            )
        else:
            yield rng.choice(PATHS), None


def spoiled(good: list[object], rng: random.Random) -> list[object]:
    """The good values, with one replaced, left out or added."""
    data = copy.deepcopy(good)
    place = rng.randrange(len(data) + 1)
    if place == len(data):
        return data[:-1] if rng.random() < 0.5 else [*data, odd(rng)]
    data[place] = odd(rng)
    return data


def odd(rng: random.Random, depth: int = 0) -> object:
    if depth < 3 and rng.random() < 0.3:
        inner = [odd(rng, depth + 1) for _ in range(rng.randrange(5))]
        return inner if rng.random() < 0.7 else dict(zip("abcde", inner, strict=False))
    return rng.choice(LARGE if rng.random() < 0.05 else [*NUMBERS, *TEXTS])


def answer(site: Site, path: str, body: object) -> tuple[int, str]:
    """Status and text of an answer; 0 if there was none."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    address = site.url + urllib.parse.quote(path, safe="/?=&:%.<>")
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return response.status, response.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except (OSError, ValueError) as error:
        return (413, "") if isinstance(body, bytes) and len(body) > 2**20 else (0, repr(error))  # refused while sending


def memory_of(site: Site) -> int:
    """The most memory, in bytes, that the app has used so far."""
    status = Path(f"/proc/{site.process.pid}/status").read_text(encoding="utf-8") if site.process else ""
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


def log_size(site: Site) -> int:
    return site.log.stat().st_size


def files_of(site: Site) -> set[str]:
    return {path.relative_to(site.home).as_posix() for path in site.home.rglob("*") if path.is_file()}


def drawn(site: Site) -> object:
    """What the app draws if it is asked properly."""
    return json.loads(answer(site, "gradio_api/run/draw", {"data": ENDPOINTS["draw"]})[1])["data"]


if __name__ == "__main__":
    sys.exit(main())
