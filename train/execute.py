"""From an order to a checkpoint: fetch the drawings, train, leave everything worth keeping in the run's folder."""

import errno
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from filelock import Timeout

from model.base import BASE_NAME, Base, read_base
from model.classes import CLASS_NAMES
from model.images import png, sheet
from model.weights import write_file
from train.base import find_guide, grow_from_base
from train.curves import write_curves, write_gif
from train.data import DataError
from train.evaluate import Yardstick
from train.fetch import Fetched, fetch
from train.home import Home
from train.loop import SHEET_SEEDS, Progress, Training, TrainingError, fit
from train.order import Order
from train.publish import publish, yardstick_for
from train.runs import Run

SNAPSHOT_SECONDS = 10.0  # from one to the next ...
SNAPSHOT_SHARE = 0.02  # ... or more, where saving would take more than this share of the time
MEASURE_STEPS = 200
NUM_SHEETS = 48
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
        fetched = _fetch(run, order, home, tell)
        if device == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
            torch.backends.cudnn.benchmark = True
        training = Training(order.config, fetched.drawings, len(CLASS_NAMES) if order.is_base else 1, device)
        yardstick = yardstick_for(order, fetched, home, device)
        if run.load_snapshot(training):
            tell(f"Resuming at step {training.step}.")
        elif (base := _base(order, home)) and grow_from_base(training, base, order.class_names):
            tell("Growing from the shared base.")
        elif order.config.discriminator == "guided":
            training.follow_guide(find_guide(home), [CLASS_NAMES.index(name) for name in order.class_names])
        run.set_state("running", f"Learning from {len(fetched.drawings)} drawings.")
        yield from _train(run, training, order, yardstick)
        stopped = run.should_stop()
        run.set_state("running", "Measuring.")
        sentence = publish(run, training, order, fetched, yardstick, home, stopped)
        write_file(run.folder / "sheet.png", png(sheet(training.draw_fixed(SHEET_SEEDS), scale=4, gap=2)))
        write_curves(run)
        write_gif(run)
        run.set_state("stopped" if stopped else "done", sentence)
        if not stopped:
            run.snapshot_path.unlink()
            run.best_path.unlink(missing_ok=True)
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


def _base(order: Order, home: Home) -> Base | None:
    """What an order's training grows from, if it should and there is one."""
    return home.first_usable(BASE_NAME, read_base) if order.config.from_base and not order.is_base else None


def _fetch(run: Run, order: Order, home: Home, tell: Tell) -> Fetched:
    def report(sentence: str) -> None:
        run.set_state("running", sentence)
        tell(sentence)
        if run.should_stop():
            raise _Stopped

    if run.should_stop():
        raise _Stopped
    return fetch(order, home, report)


def _train(run: Run, training: Training, order: Order, yardstick: Yardstick | None) -> Iterator[Progress]:
    """Train, recording progress, an evolving sheet of fixed seeds, the best generator so far, and snapshots."""
    best = run.best_distance()
    saved, took = time.monotonic(), 0.0
    _write_due_sheet(run, training, 0.0)
    try:
        num_steps = order.num_steps_for(len(training.drawings))
        for progress in fit(training, num_steps, order.seconds, MEASURE_STEPS if yardstick else None):
            stopping = run.should_stop()
            if yardstick and (progress.step % MEASURE_STEPS == 0 or progress.fraction == 1 or stopping):
                progress = replace(progress, distance=yardstick.distance(training.ema))
                if progress.distance <= best:
                    best = progress.distance
                    run.save_best(training, best)
            run.append(progress)
            _write_due_sheet(run, training, progress.fraction)
            if time.monotonic() - saved >= max(SNAPSHOT_SECONDS, took / SNAPSHOT_SHARE):
                began = time.monotonic()
                _save(run, training)
                saved = time.monotonic()
                took = saved - began
            yield progress
            if stopping or run.should_stop():
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
