"""From an order to a checkpoint: fetch the drawings, train, leave everything worth keeping in the run's folder."""

import errno
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import torch

from model.files.checkpoint import MAX_BYTES
from model.files.shared_base import BASE_NAME, Base, read_base
from model.files.weights import pack_weights
from model.files.writing import clear_temporaries, write_file
from model.quickdraw.classes import CLASS_NAMES
from model.quickdraw.images import png, sheet
from train.data import DataError
from train.evaluation import GeneratorEvaluation
from train.execution.plots import write_curves, write_gif
from train.grow import find_feature_network, grow_from_base
from train.home import Home
from train.loop import SHEET_SEEDS, Progress, RunawayError, Training, TrainingError, fit
from train.runs.fetch import Fetched, fetch
from train.runs.order import COMMAND_LINE, Order
from train.runs.promotion import evaluation_for, promote
from train.runs.run import Run
from train.tracking.record import put_on_record
from train.tracking.recording import is_tracked, recording

SNAPSHOT_SECONDS = 10.0  # from one to the next; the first ones of an attempt come after 1, 2, 4 and 8 ...
SNAPSHOT_SHARE = 0.02  # ... or more, where saving would take more than this share of the time
MEASURE_STEPS = 200
NUM_SHEETS = 48
MAX_ATTEMPTS = 8  # in a row that get nowhere
MAX_HALVINGS = 3
PATIENCE_SECONDS = 1.0  # that a fetching that is to stop may take to be done after all

Tell = Callable[[str], None]


class _Stopped(Exception):
    """Somebody asked to stop before there was anything to train with; says so in a sentence."""


def execute(run: Run, home: Home, device: str = "cpu", tell: Tell = lambda sentence: None) -> Iterator[Progress]:
    """Work on a run until it is done or somebody stops it; iterate to let it go on. Resumes where a snapshot ends.

    Every error ends in the state "failed" with a sentence and is raised again. A run that nobody iterates any more, or
    whose process dies, stays "running" for the next one to resume. A run that was stopped or finished is left alone.
    """
    run.take()
    if is_tracked():
        put_on_record(run)
    with recording(home):
        yield from work_on(run, home, device, tell)


def work_on(run: Run, home: Home, device: str = "cpu", tell: Tell = lambda sentence: None) -> Iterator[Progress]:
    """As `execute`, for the holder of the run's lock, which is released, and without sending anything to MLflow."""
    try:
        status = run.status()
        if status.state not in ("queued", "running"):
            return
        clear_temporaries(run.folder, run.sheets_folder)
        order = status.order
        if status.attempts >= MAX_ATTEMPTS:
            raise TrainingError(
                f"The training was cut off {MAX_ATTEMPTS} times in a row, most likely for want of memory; "
                "free some, then resume."
            )
        fetched = _fetch(run, order, home, tell)
        run.set_state("running", "Getting ready.", attempts=status.attempts + 1)
        if device == "cuda":
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
            torch.backends.cudnn.benchmark = True
        training = Training(order.config, fetched.drawings, len(CLASS_NAMES) if order.is_base else 1, device)
        if not order.is_base:
            pack_weights(training.ema.state_dict(), {}, MAX_BYTES)  # said now and not after all the work
        evaluation = evaluation_for(order, fetched, home, device)
        _begin(run, training, order, home, tell)
        run.set_state("running", f"Learning from {len(fetched.drawings)} drawings. {_notes(fetched, training)}".strip())
        yield from _train(run, training, order, evaluation)
        stopped = run.should_stop()
        run.set_state("running", "Stopping: measuring what it has learned." if stopped else "Measuring.")
        sentence = promote(run, training, order, fetched, evaluation, home, stopped)
        write_file(run.folder / "sheet.png", png(sheet(training.draw_fixed(SHEET_SEEDS), scale=4, gap=2)))
        write_curves(run)
        write_gif(run)
        sentence = f"{sentence} {_notes(fetched, training)}".strip()
        run.set_state("stopped" if stopped else "done", sentence, attempts=0)
        if not stopped and order.requested_by == COMMAND_LINE:  # the page offers to train longer, within its budget
            run.snapshot_path.unlink()
            run.best_path.unlink(missing_ok=True)
        tell(sentence)
    except _Stopped as stop:
        run.set_state("stopped", str(stop), attempts=0)
    except GeneratorExit:
        # Whoever iterates leaves in good order, so this was no attempt that broke off.
        left = run.status()
        run.set_state("running", left.sentence, attempts=min(left.attempts, status.attempts))
        raise
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
        where = "/".join(Path(error.filename).parts[-2:]) if error.filename else "A file"  # visitors read it, too
        return f"{where} can't be used: {error.strerror or error}; check that folder and its rights, then resume."
    if isinstance(error, (DataError, TrainingError, ValueError)):
        return str(error)
    # PyTorch says it in words of its own on the CPU, and by a class of its own on a GPU.
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in str(error):
        return "There is not enough memory for this training; free some or use smaller batches, then resume."
    first_line = str(error).partition("\n")[0][:200]
    return f"The training broke off: {type(error).__name__}: {first_line}"


def _base(order: Order, home: Home) -> Base | None:
    """What an order's training grows from, if it should and there is one."""
    return home.first_usable(BASE_NAME, read_base) if order.config.from_base and not order.is_base else None


def _begin(run: Run, training: Training, order: Order, home: Home, tell: Tell) -> None:
    """Set a training to the run's snapshot, or to where such an order begins, and leave a first snapshot there."""
    if run.load_snapshot(training):
        tell(f"Resuming at step {training.step}.")
        return
    if (base := _base(order, home)) and grow_from_base(training, base, order.class_names):
        tell("Growing from the shared base.")
    elif order.config.discriminator == "guided":
        training.use_feature_network(
            find_feature_network(home), [CLASS_NAMES.index(name) for name in order.class_names]
        )
    run.save_snapshot(training)


def _fetch(run: Run, order: Order, home: Home, tell: Tell) -> Fetched:
    """The order's drawings. They come in a thread of its own, so that a stop is heard though a server stalls."""
    if run.should_stop() and not run.snapshot_path.exists():
        raise _Stopped("Stopped before it began.")
    run.set_state("running", "Fetching drawings.")
    told, shown, fetched = ["Fetching drawings."], "Fetching drawings.", Future()

    def work() -> None:
        try:
            fetched.set_result(fetch(order, home, lambda sentence: told.append(sentence)))
        except BaseException as error:
            fetched.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    asked = None
    while not fetched.done():
        time.sleep(0.05)
        if told[-1] != shown:
            shown = told[-1]
            run.set_state("running", shown, is_news=False)
            tell(shown)
        if run.should_stop():
            asked = asked or time.monotonic()
            if time.monotonic() - asked > PATIENCE_SECONDS:
                raise _Stopped("Stopped while its drawings were fetched; resume it to go on.")
    return fetched.result()


def _train(run: Run, training: Training, order: Order, evaluation: GeneratorEvaluation | None) -> Iterator[Progress]:
    """Train; when the losses run away, go back to the last snapshot and on at half the rate, a few times."""
    while not run.should_stop():
        try:
            yield from _record(run, training, order, evaluation)
            return
        except RunawayError as error:
            halvings = training.halvings + 1
            if halvings > MAX_HALVINGS:
                raise TrainingError(
                    f"The losses ran away {halvings} times, though the learning rate was halved {MAX_HALVINGS} times; "
                    "try a lower one."
                ) from error
            run.load_snapshot(training)
            training.halvings = halvings
            run.save_snapshot(training)  # from here on, so that whoever resumes does the same
            run.set_state("running", f"{error} Went back to step {training.step} and on at half the rate.")


def _record(run: Run, training: Training, order: Order, evaluation: GeneratorEvaluation | None) -> Iterator[Progress]:
    """Train, recording progress, an evolving sheet of fixed seeds, the best generator so far, and snapshots."""
    best, began_at = run.best_distance(), training.step
    saved, took, pause = time.monotonic(), 0.0, min(1.0, SNAPSHOT_SECONDS)
    _write_due_sheet(run, training, 0.0)
    try:
        num_steps = order.num_steps_for(len(training.drawings))
        for progress in fit(training, num_steps, order.seconds, MEASURE_STEPS if evaluation else None):
            stopping = run.should_stop()
            if evaluation and (progress.step % MEASURE_STEPS == 0 or progress.fraction == 1 or stopping):
                progress = replace(progress, distance=evaluation.distance(training.ema))
                if progress.distance <= best:
                    best = progress.distance
                    run.save_best(training, best)
            run.append(progress)
            _write_due_sheet(run, training, progress.fraction)
            if time.monotonic() - saved >= max(pause, took / SNAPSHOT_SHARE):
                began = time.monotonic()
                _save_snapshot(run, training, began_at)
                saved, pause = time.monotonic(), min(2 * pause, SNAPSHOT_SECONDS)
                took = saved - began
            yield progress
            if stopping or run.should_stop():
                break
    except GeneratorExit:
        _save_snapshot(run, training, began_at)
        raise
    _save_snapshot(run, training, began_at)


def _save_snapshot(run: Run, training: Training, began_at: int) -> None:
    """Leave something to resume from; an attempt that got further than the step it began at is none that failed."""
    run.save_snapshot(training)
    if training.step > began_at:
        run.set_state("running", run.status().sentence, attempts=0)


def _notes(fetched: Fetched, training: Training) -> str:
    """What did not go as ordered, in sentences."""
    notes = list(fetched.notes)
    if training.halvings:
        times = {1: "once", 2: "twice"}.get(training.halvings, f"{training.halvings} times")
        notes.append(f"The learning rate was halved {times}, for the losses ran away.")
    return " ".join(notes)


def _write_due_sheet(run: Run, training: Training, fraction: float) -> None:
    """Leave a sheet when there are fewer than this much of a run should have; early on they follow closer."""
    if len(run.sheets()) < 1 + int((NUM_SHEETS - 1) * fraction ** (2 / 3)):
        write_file(run.sheets_folder / f"{training.step:07d}.png", png(sheet(training.draw_fixed())))
