"""From an order to a checkpoint: fetch the drawings, train, leave everything worth keeping in the run's folder."""

import errno
import math
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from filelock import Timeout
from torch import Tensor

from model.checkpoint import Card, CheckpointError, checkpoint_path, load_checkpoint, save_checkpoint, write_file
from model.images import png, sheet
from train.base import grow_from_base, images_seen, save_base
from train.curves import write_curves, write_gif
from train.data import ATTRIBUTION, DataError, load_drawings
from train.home import Home
from train.loop import SHEET_SEEDS, Progress, Training, TrainingError, draw_seeds, fit
from train.metrics import features, frechet_distance, measure
from train.order import Order
from train.runs import Run

SNAPSHOT_SECONDS = 10.0
NUM_SHEETS = 48
NUM_MEASURED = 1000
FEWEST_MEASURED = 10  # real drawings, for a distance to mean anything
FEWEST_STEPS = 100  # of a stopped run, for its drawings to be worth showing
MAX_ATTEMPTS = 3

Tell = Callable[[str], None]


class _Stopped(Exception):
    """Somebody asked to stop before there was anything to keep."""


def execute(run: Run, home: Home, device: str = "cpu", tell: Tell = lambda sentence: None) -> Iterator[Progress]:
    """Work on a run until it is done or somebody stops it; iterate to let it go on. Resumes where a snapshot ends.

    Every error ends in the state "failed" with a sentence and is raised again. A run that nobody iterates any more, or
    whose process dies, stays "running" for the next one to resume. A run that was stopped or finished is left alone.
    """
    try:
        run.lock.acquire()
    except Timeout as error:
        raise ValueError(f"Run {run.id} is being worked on already; watch it or stop it first.") from error
    try:
        status = run.status()
        if status.state not in ("queued", "running"):
            return
        order = status.order
        if status.attempts >= MAX_ATTEMPTS:
            raise TrainingError(f"The training broke off {MAX_ATTEMPTS} times in a row; see the log.")
        run.set_state("running", "Fetching drawings.", attempts=status.attempts + 1)
        drawings, rows = _drawings(run, order, home, tell)
        training = Training(order.config, drawings, *_conditions(order, rows), device=device)
        if run.load_snapshot(training):
            tell(f"Resuming at step {training.step}.")
        elif order.config.from_base and home.base and grow_from_base(training, home.base, order.class_names):
            tell("Growing from the shared base.")
        run.set_state("running", f"Learning from {len(drawings)} drawings.")
        yield from _train(run, training, order)
        stopped = run.should_stop()
        run.set_state("running", "Measuring.")
        sentence = _publish(run, training, order, rows, home, stopped)
        write_file(run.folder / "sheet.png", png(sheet(training.draw_fixed(SHEET_SEEDS), scale=4, gap=2)))
        write_curves(run)
        write_gif(run)
        run.set_state("stopped" if stopped else "done", sentence)
        if not stopped:
            run.snapshot_path.unlink()
        tell(sentence)
    except _Stopped:
        run.set_state("stopped", "Stopped before it began.")
    except Exception as error:
        run.set_state("failed", sentence_for(error))
        raise
    finally:
        run.lock.release(force=True)  # whoever created the run may have taken it as well


def sentence_for(error: Exception) -> str:
    """What went wrong, for whoever reads the run or started it."""
    if isinstance(error, OSError):
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"A file can't be written: {error.strerror}; free some space, then resume."
        return f"A file can't be used: {error}; check that folder and its rights, then resume."
    if isinstance(error, (DataError, TrainingError, ValueError)):
        return str(error)
    first_line = str(error).partition("\n")[0][:200]
    return f"The training broke off: {type(error).__name__}: {first_line}"


def _drawings(run: Run, order: Order, home: Home, tell: Tell) -> tuple[np.ndarray, dict[str, int]]:
    """Drawings of all the order's classes (N, 28, 28), and how many each class gave."""
    parts = {}
    told = time.monotonic()
    for class_name in order.class_names:
        if run.should_stop():
            raise _Stopped

        def report(have: int, wanted: int, class_name: str = class_name) -> None:
            nonlocal told
            if time.monotonic() - told >= 0.5:
                told = time.monotonic()
                sentence = f"Fetching “{class_name}”: {have / 1e6:.1f} of {wanted / 1e6:.1f} MB."
                run.set_state("running", sentence)
                tell(sentence)
                if run.should_stop():
                    raise _Stopped

        parts[class_name] = load_drawings(class_name, order.num_rows, order.source, home.cache, report)
    return np.concatenate(list(parts.values())), {class_name: len(part) for class_name, part in parts.items()}


def _conditions(order: Order, rows: dict[str, int]) -> tuple[np.ndarray | None, int]:
    """The class index of each drawing (N,) and the number of classes, for the base; a single class for all others."""
    return (np.repeat(np.arange(len(rows)), list(rows.values())), len(rows)) if order.is_base else (None, 1)


def _train(run: Run, training: Training, order: Order) -> Iterator[Progress]:
    """Train, recording progress, an evolving sheet of fixed seeds, and snapshots."""
    saved = time.monotonic()
    _write_due_sheet(run, training, 0.0)
    try:
        for progress in fit(training, order.num_steps_for(len(training.drawings)), order.seconds):
            run.append(progress)
            _write_due_sheet(run, training, progress.fraction)
            if time.monotonic() - saved >= SNAPSHOT_SECONDS:
                _save(run, training)
                saved = time.monotonic()
            yield progress
            if run.should_stop():
                break
    except GeneratorExit:
        _save(run, training)
        raise
    _save(run, training)


def _save(run: Run, training: Training) -> None:
    """Leave a snapshot; whatever breaks from here on is a first attempt again."""
    run.save_snapshot(training)
    run.set_state("running", run.status().sentence, attempts=0)


def _write_due_sheet(run: Run, training: Training, fraction: float) -> None:
    """Leave a sheet when there are fewer than this much of a run should have; early on they follow closer."""
    if len(run.sheets()) < 1 + int((NUM_SHEETS - 1) * fraction ** (2 / 3)):
        write_file(run.sheets_folder / f"{training.step:07d}.png", png(sheet(training.draw_fixed())))


def _publish(run: Run, training: Training, order: Order, rows: dict[str, int], home: Home, stopped: bool) -> str:
    """Leave the checkpoint in the run's folder, and where people draw from unless a better one is there.

    Returns what happened in a sentence.
    """
    if stopped and training.step < FEWEST_STEPS:
        return f"Stopped after {training.step} steps, too early for drawings; resume it, or start anew."
    how = "Stopped early" if stopped else "Done"
    if order.is_base:
        path = save_base(run.folder, training)
        if home.base and not order.replace and images_seen(home.base) > images_seen(path):
            return f"{how}, but the base at hand has seen more drawings and stays; --replace overrules."
        _publish_file(run, path, home)
        return f"{how}: the base knows {len(order.class_names)} classes."

    # Measured against the drawings it learned from; figures on held-back drawings are the benchmarks' business.
    drawings = training.drawings[:: -(-len(training.drawings) // NUM_MEASURED)]
    real = features(drawings) if len(drawings) >= FEWEST_MEASURED else None
    metrics = {} if real is None else measure(real, features(draw_seeds(training.ema, range(NUM_MEASURED))))
    card = Card(
        class_name=order.class_name,
        architecture=training.architecture,
        recipe=order.config.recipe,
        images_seen=training.step * order.config.batch_size,
        trained_on=rows,
        source=order.source if "://" in order.source else "folder",
        attribution=ATTRIBUTION,
        metrics=metrics,
    )
    path = save_checkpoint(run.folder, card, training.ema)

    standing = next((p for f in home.checkpoint_folders if (p := checkpoint_path(f, order.class_name)).exists()), None)
    if standing and not order.replace:
        old = _distance(standing, real)
        new = metrics.get("frechet_distance", math.inf)
        if not new <= old:
            return f"{how}, but the checkpoint at hand is better (distance {old:.2f} against {new:.2f}) and stays."
    _publish_file(run, path, home)
    return f"{how}: “{order.class_name}” can be drawn."


def _publish_file(run: Run, path: Path, home: Home) -> None:
    """Put a run's file where people draw and train from; what stood there moves into the run's folder."""
    published = home.checkpoints / path.name
    if published.exists():
        shutil.copyfile(published, run.folder / f"replaced-{path.name}")
    write_file(published, path.read_bytes())


def _distance(path: Path, real: Tensor | None) -> float:
    """Distance of a checkpoint's drawings to real ones' features; infinite for a damaged checkpoint."""
    try:
        _, generator = load_checkpoint(path)
    except CheckpointError:
        return math.inf
    return 0.0 if real is None else frechet_distance(real, features(draw_seeds(generator, range(NUM_MEASURED))))
