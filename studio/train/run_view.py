"""How runs look on the page: a run's state, sheets and curves, and the list of the latest runs."""

from collections.abc import Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from urllib.parse import urlencode

import gradio as gr
import pandas as pd

from studio.shared.pictures import sheet_html
from studio.train.messages import (
    CONTINUES_SOON,
    NO_RUNS,
    PHASES,
    PICK_A_CLASS,
    STARTING,
    duration,
    remaining,
    starts_in,
)
from studio.train.run_summary import RunSummary
from train.loop import Progress
from train.runs.messages import BLOCKED
from train.runs.run import Run, list_runs
from train.site.constants import FIRST_COUNT
from train.training import SHEET_SEEDS

MAX_POINTS = 300  # of a curve on the page
LATEST = 20
NO_RUNS_HTML = f'<p class="origin">{NO_RUNS}</p>'
IDLE = f'<p class="origin">{PICK_A_CLASS}</p>'


def status_html(summary: RunSummary) -> str:
    """A run's phase, a progress bar, details, and a link to its drawings."""
    link = ""
    if summary.can_be_drawn:
        query = urlencode({"class": summary.class_name, "count": FIRST_COUNT})
        link = f'<p><a class="draw-link" href="?{query}">Draw with it</a></p>'
    percent = 100 * summary.fraction
    return (
        f'<div class="run run-{summary.state}"><p><b>{escape(summary.class_name)}</b> · {PHASES[summary.phase]}</p>'
        f'<div class="bar" role="progressbar" aria-label="Progress" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent:.0f}">'
        f'<div style="width:{percent:.1f}%"></div></div>'
        f'<p class="origin">{escape(" ".join(_details(summary)), quote=False)}</p>{link}</div>'
    )


def runs_html(runs: Path, watched: str) -> str:
    """The latest runs, newest first, as links; run_list.js watches a run without a reload.

    watched: the id of the run that the page shows.
    """
    rows = []
    for run in list_runs(runs)[: -LATEST - 1 : -1]:
        status = run.status()
        current = ' aria-current="true"' if run.id == watched else ""
        rows.append(
            f'<li><a href="?{urlencode({"run": run.id})}" data-run="{escape(run.id)}"{current}>'
            f"<b>{escape(status.order.class_name)}</b> · {PHASES[status.state]}"
            f"<span>{escape(status.sentence)}</span></a></li>"
        )
    return f'<ul class="runs">{"".join(rows)}</ul>' if rows else NO_RUNS_HTML


def sheet_at(run: Run, sheets: Sequence[Path], number: int, progress: Sequence[Progress]) -> str:
    """A run's sheet of fixed seeds at one of its moments, with a caption that says when that was."""
    path = sheets[max(0, min(number, len(sheets) - 1))]
    step = int(path.stem)
    seconds = [entry.seconds for entry in progress if entry.step <= step]
    when = f"step {step}, after {duration(seconds[-1] if seconds else 0)}"
    caption = f'<p class="origin" style="text-align:center">{when}</p>'
    return sheet_html(path, f"{run.status().order.class_name}, {len(SHEET_SEEDS)} fixed seeds, {when}") + caption


def read_progress_once(run: Run) -> list[Progress]:
    """What a run has reported so far, read only once for all pages that watch it."""
    path = run.folder / "progress.jsonl"
    return _progress(path, path.stat().st_size, path.stat().st_mtime_ns) if path.exists() else []


def loss_plot(progress: Sequence[Progress]) -> gr.LinePlot:
    """Both networks' losses in long form, thinned to what a plot can show."""
    thin = _thin(progress)
    losses = {
        "discriminator": [entry.loss_discriminator for entry in thin],
        "generator": [entry.loss_generator for entry in thin],
    }
    steps = [entry.step for entry in thin]
    frames = [pd.DataFrame({"step": steps, "loss": values, "network": name}) for name, values in losses.items()]
    return gr.LinePlot(pd.concat(frames, ignore_index=True), visible=len(progress) > 1)


def distance_plot(progress: Sequence[Progress]) -> gr.LinePlot:
    """The distance to real drawings, hidden unless it was measured more than once."""
    measured = _thin([entry for entry in progress if entry.distance is not None])
    frame = pd.DataFrame(
        {"step": [entry.step for entry in measured], "distance": [entry.distance for entry in measured]}
    )
    return gr.LinePlot(frame, visible=len(measured) > 1)


def _details(summary: RunSummary) -> list[str]:
    """What the run itself reports, and what happens next."""
    sentences = [summary.sentence] if summary.sentence and summary.phase != "interrupted" else []
    place, progress = summary.place, summary.progress
    if summary.blocked:
        sentences.append(BLOCKED[summary.blocked])
    elif summary.phase == "interrupted":
        sentences.append(CONTINUES_SOON)
    elif place:
        sentences.append(starts_in(place.position, place.seconds) if place.seconds else STARTING)
    elif progress and summary.state == "running":
        sentences.append(remaining(summary.seconds_left, progress.step, progress.images_per_second))
    return sentences


@lru_cache(maxsize=64)
def _progress(path: Path, *_version: int) -> list[Progress]:
    return Run(path.parent).progress()


def _thin(progress: Sequence[Progress]) -> list[Progress]:
    every = max(1, -(-len(progress) // MAX_POINTS))
    return [*progress[:-1:every], *progress[-1:]]
