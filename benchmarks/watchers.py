"""What watching costs: many pages poll one running training while visitors draw.

    python -m benchmarks.watchers [--watchers 200] [--seconds 60]

Prints the training's pace with and without watchers, their errors, how long a poll takes, and how long a click takes to
show its picture, both idle and during training.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
from gradio_client import Client

from benchmarks.harness.drawings import REAL_DRAWINGS
from benchmarks.harness.site import Site
from benchmarks.visitors import Visitor
from train.runs.run import Run

NUM_CLICKS = 100


async def watch(client: httpx.AsyncClient, site: Site, page: dict, run_id: str, ends: float) -> tuple[list[float], int]:
    """Poll like one page, as often as the app asks. Returns the seconds of each poll, and the number of errors."""
    pause, took, errors, session = 1.0, [], 0, f"watcher{random.random()}"
    body = {"fn_index": page["id"], "data": [run_id, 0, None], "session_hash": session, "trigger_id": page["trigger"]}
    moment, seen = page["moment"], page["seen"]
    await asyncio.sleep(random.random())
    while time.monotonic() < ends:
        began = time.monotonic()
        try:
            answer = await client.post(f"{site.url}gradio_api/run/predict", json=body)
            answer.raise_for_status()
            shown = answer.json()["data"]
            pause = shown[page["timer"]].get("value", pause)
            body["data"] = [run_id, shown[moment].get("value", body["data"][1]), shown[seen] | {"is_sure": True}]
        except (httpx.HTTPError, ValueError, KeyError):
            errors += 1
        took.append(time.monotonic() - began)
        await asyncio.sleep(pause)
    return took, errors


async def watch_all(site: Site, page: dict, run_id: str, number: int, seconds: float) -> tuple[list[float], int]:
    limits = httpx.Limits(max_connections=number)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        ends = time.monotonic() + seconds
        results = await asyncio.gather(*(watch(client, site, page, run_id, ends) for _ in range(number)))
    return [each for took, _ in results for each in took], sum(errors for _, errors in results)


def find_poll(site: Site) -> dict[str, int]:
    """The event that the page's timer fires: its number, its trigger, and where among its outputs the timer, the moment
    shown and what was seen are."""
    config = httpx.get(f"{site.url}config", timeout=60).json()
    timers = {component["id"] for component in config["components"] if component["type"] == "timer"}
    for event in config["dependencies"]:
        for target, kind in event["targets"]:
            if target in timers and kind == "tick":
                _, moment, seen = event["inputs"]
                components = {"timer": target, "moment": moment, "seen": seen}
                positions = {name: event["outputs"].index(output) for name, output in components.items()}
                return {"id": event["id"], "trigger": target} | positions
    raise AssertionError("no event of the page polls")


def clicks(site: Site) -> str:
    """p50 and p95 of a click on Generate, in milliseconds."""
    visitor, took = Visitor(site.url), []
    for _ in range(NUM_CLICKS):
        began = time.monotonic()
        visitor.draw(count=16)
        took.append(1000 * (time.monotonic() - began))
    return f"p50 {np.quantile(took, 0.5):.0f} ms, p95 {np.quantile(took, 0.95):.0f} ms"


def pace(run: Run, since: float, until: float) -> float:
    """Images a second that a run learned from between two moments, in seconds of the run."""
    entries = [entry for entry in run.progress() if since <= entry.seconds <= until]
    steps, seconds = entries[-1].step - entries[0].step, entries[-1].seconds - entries[0].seconds
    return steps * run.status().order.config.batch_size / seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watchers", description=__doc__.partition("\n")[0])
    parser.add_argument("--watchers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    if not REAL_DRAWINGS.is_dir():
        sys.exit(f"This trains a giraffe, but there are no drawings in {REAL_DRAWINGS}.")
    home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # the worker may still be writing
    with home as folder, Site(Path(folder), str(REAL_DRAWINGS)) as site:
        print(f"clicks, idle: {clicks(site)}")
        run_id = Client(site.url, verbose=False).predict("giraffe", 30, api_name="/train")
        run = Run(Path(folder) / "runs" / run_id)
        while not (last := run.last_progress()) or last.seconds < 5:
            time.sleep(0.5)
        begins = [run.last_progress().seconds]
        time.sleep(options.seconds)
        begins.append(run.last_progress().seconds)
        took, errors = asyncio.run(watch_all(site, find_poll(site), run_id, options.watchers, options.seconds))
        begins.append(run.last_progress().seconds)
        alone, watched = pace(run, begins[0], begins[1]), pace(run, begins[1], begins[2])
        print(f"pace alone: {alone:.0f} images/s; watched: {watched:.0f} images/s ({watched / alone - 1:+.0%})")
        print(
            f"{options.watchers} watchers, {options.seconds:.0f} s: {len(took)} polls, {errors} errors, "
            f"p50 {1000 * np.quantile(took, 0.5):.0f} ms, p95 {1000 * np.quantile(took, 0.95):.0f} ms"
        )
        print(f"clicks, training: {clicks(site)}")
        run.ask_to_stop()
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
