"""How a run looks on the page: its state in words, its sheets, its curves, and the list of the latest ones."""

from collections.abc import Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from urllib.parse import urlencode

import gradio as gr
import pandas as pd

from studio.shared.pictures import sheet_html
from train.loop import Progress
from train.runs.cleanup import blocked_by
from train.runs.messages import BLOCKED
from train.runs.queue import Place
from train.runs.run import Run, list_runs
from train.runs.status import Status

MAX_POINTS = 300  # of a curve on the page
LATEST = 20
IDLE = (
    '<p class="origin">Pick a class and press Start. The run goes on if you close this page; come back to watch it.</p>'
)
NO_RUNS = '<p class="origin">Nothing has been trained here yet.</p>'
_WORDS = {"queued": "waiting", "running": "learning", "stopped": "stopped", "failed": "failed", "done": "done"}


def status_html(run: Run, status: Status, progress: Progress | None, place: Place | None, can_be_drawn: bool) -> str:
    """A run in words, with a bar, its place in the line, and a way to its drawings."""
    fraction = progress.fraction if progress else 0.0
    word, is_interrupted = _WORDS[status.state], False
    if status.state == "running" and (run.should_stop() or run.is_paused()):
        word = "stopping" if run.should_stop() else "paused, press Resume to go on"
    elif status.state == "running" and run.waits_for_worker():
        word, is_interrupted = "interrupted", True
    details = [escape(status.sentence)] if status.sentence and not is_interrupted else []
    if (place or is_interrupted) and (blocked := blocked_by(run.folder.parent)):
        details.append(BLOCKED[blocked])
    elif is_interrupted:
        details.append("It goes on soon from its last snapshot.")
    elif place:
        soon = "next" if place.position == 1 else f"number {place.position} in the line"
        details.append(f"It is {soon} and begins in about {duration(place.seconds)}." if place.seconds else "Starting.")
    elif progress and status.state == "running":
        left = progress.seconds * (1 - fraction) / fraction if fraction else 0
        details.append(f"{duration(left)} left · step {progress.step} · {progress.images_per_second:.0f} images/s")
    link = ""
    if can_be_drawn and status.state in ("done", "stopped"):
        query = urlencode({"class": status.order.class_name, "count": 16})
        link = f'<p><a class="draw-link" href="?{query}">Draw with it</a></p>'
    return (
        f'<div class="run run-{status.state}"><p><b>{escape(status.order.class_name)}</b> · {word}</p>'
        f'<div class="bar" role="progressbar" aria-label="Progress" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{100 * fraction:.0f}">'
        f'<div style="width:{100 * fraction:.1f}%"></div></div>'
        f'<p class="origin">{" ".join(details)}</p>{link}</div>'
    )


def runs_html(runs: Path, watched: str) -> str:
    """The latest runs, newest first, as links that watch them."""
    rows = []
    for run in list_runs(runs)[: -LATEST - 1 : -1]:
        status = run.status()
        current = ' aria-current="true"' if run.id == watched else ""
        rows.append(
            f'<li><a href="?{urlencode({"run": run.id})}" data-run="{escape(run.id)}"{current}>'
            f"<b>{escape(status.order.class_name)}</b> · {_WORDS[status.state]}"
            f"<span>{escape(status.sentence)}</span></a></li>"
        )
    return f'<ul class="runs">{"".join(rows)}</ul>' if rows else NO_RUNS


def sheet_at(run: Run, sheets: Sequence[Path], number: int, progress: Sequence[Progress]) -> str:
    """The sheet of fixed seeds at one time of a run, and when that was."""
    path = sheets[max(0, min(number, len(sheets) - 1))]
    step = int(path.stem)
    before = [entry.seconds for entry in progress if entry.step <= step]
    when = f"step {step}, after {duration(before[-1] if before else 0)}"
    caption = f'<p class="origin" style="text-align:center">{when}</p>'
    return sheet_html(path, f"{run.status().order.class_name}, 64 fixed seeds, {when}") + caption


def shown_progress(run: Run) -> list[Progress]:
    """What a run has reported, read once for all who watch it."""
    path = run.folder / "progress.jsonl"
    return _progress(path, path.stat().st_size, path.stat().st_mtime_ns) if path.exists() else []


def loss_curves(progress: Sequence[Progress]) -> pd.DataFrame:
    """Both networks' losses in long form, thinned to what a plot can show."""
    thin = _thin(progress)
    losses = {
        "discriminator": [entry.loss_discriminator for entry in thin],
        "generator": [entry.loss_generator for entry in thin],
    }
    steps = [entry.step for entry in thin]
    parts = [pd.DataFrame({"step": steps, "loss": values, "network": name}) for name, values in losses.items()]
    return pd.concat(parts, ignore_index=True)


def distance_plot(progress: Sequence[Progress]) -> object:
    """How far the drawings were from real ones, where it was measured; hidden where it never was."""
    measured = _thin([entry for entry in progress if entry.distance is not None])
    frame = pd.DataFrame(
        {"step": [entry.step for entry in measured], "distance": [entry.distance for entry in measured]}
    )
    return gr.LinePlot(frame, visible=len(measured) > 1)


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


@lru_cache(maxsize=64)
def _progress(path: Path, *_marks: int) -> list[Progress]:
    return Run(path.parent).progress()


def _thin(progress: Sequence[Progress]) -> list[Progress]:
    every = max(1, -(-len(progress) // MAX_POINTS))
    return [*progress[:-1:every], *progress[-1:]]
