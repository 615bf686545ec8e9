"""From an order to a checkpoint: fetch the drawings, train, and leave the results in the run's folder."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future

import torch

from model.files.checkpoint import MAX_BYTES
from model.files.shared_base import BASE_NAME, Base, read_base
from model.files.weights import pack_weights
from model.files.writing import clear_temporaries, write_file
from model.quickdraw.classes import CLASS_NAMES
from model.quickdraw.images import png, sheet
from train.evaluation import GeneratorEvaluation
from train.execution.plots import write_curves, write_gif
from train.execution.recorder import record
from train.grow import find_feature_network, grow_from_base
from train.home import Home
from train.loop import DivergenceError, Progress, TrainingError
from train.runs import messages
from train.runs.fetch import FetchedDrawings, fetch
from train.runs.order import COMMAND_LINE, Order
from train.runs.promotion import evaluation_for, promote
from train.runs.run import Run
from train.runs.status import Status
from train.tracking.sending import is_tracking_on, sending
from train.tracking.sent import track
from train.training import SHEET_SEEDS, Training

MAX_ATTEMPTS = 8  # in a row without progress
MAX_HALVINGS = 3
PATIENCE_SECONDS = 1.0  # how long a stop waits for fetching to finish

Notify = Callable[[str], None]  # called with a sentence


class _Stopped(Exception):
    """The run was stopped before its training began; the message is a sentence."""


def execute(
    run: Run, home: Home, device: str = "cpu", notify: Notify = lambda sentence: None
) -> Generator[Progress, None, None]:
    """Work on a run until it is done or stopped; iterating drives the work. Resumes at the snapshot.

    Every error is raised after it is recorded as the state "failed" with a sentence. If the caller stops iterating, or
    the process dies, the run stays "running" and the next call resumes it. A run that has ended is left alone.
    """
    run.acquire()
    if is_tracking_on():
        track(run)
    with sending(home):
        yield from execute_locked(run, home, device, notify)


def execute_locked(
    run: Run, home: Home, device: str = "cpu", notify: Notify = lambda sentence: None
) -> Generator[Progress, None, None]:
    """Like `execute`, but the caller holds the run's lock, which is released, and nothing is sent to MLflow."""
    try:
        status = run.status()
        if status.state in ("queued", "running"):
            yield from _work(run, status, home, device, notify)
    except _Stopped as stop:
        run.set_state("stopped", str(stop), attempts=0)
    except GeneratorExit:
        # The caller stopped iterating, so this attempt didn't fail.
        left = run.status()
        run.set_state("running", left.sentence, attempts=min(left.attempts, status.attempts))
        raise
    except Exception as error:
        run.set_state("failed", messages.sentence_for(error))
        raise
    finally:
        run.lock.release(force=True)  # the caller may have acquired it more than once


def _work(run: Run, status: Status, home: Home, device: str, notify: Notify) -> Iterator[Progress]:
    """Fetch, train, measure, and promote."""
    clear_temporaries(run.folder, run.sheets_folder)
    order = status.order
    if status.attempts >= MAX_ATTEMPTS:
        raise TrainingError(messages.interrupted_too_often(MAX_ATTEMPTS))

    # Get ready.
    fetched = _fetch(run, order, home, notify)
    run.set_state("running", messages.PREPARING, attempts=status.attempts + 1)
    if device == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
    training = Training(order.config, fetched.drawings, len(CLASS_NAMES) if order.is_base else 1, device)
    if not order.is_base:
        pack_weights(training.ema.state_dict(), {}, MAX_BYTES)  # refuses a network that is too large before it trains
    evaluation = evaluation_for(order, fetched, home, device)
    _start(run, training, order, home, notify)

    # Train.
    notes = messages.notes(fetched.incomplete, training.halvings)
    run.set_state("running", messages.learning(len(fetched.drawings), notes))
    yield from _train(run, training, order, evaluation)

    # Leave the results.
    stopped = run.should_stop()
    run.set_state("running", messages.MEASURING_STOPPED if stopped else messages.MEASURING)
    promotion = promote(run, training, order, fetched, evaluation, home, stopped=stopped)
    write_file(run.folder / "sheet.png", png(sheet(training.draw_fixed(SHEET_SEEDS), scale=4, gap=2)))
    write_curves(run)
    write_gif(run)
    outcome = messages.finished(promotion, order, training.step, stopped=stopped)
    sentence = f"{outcome} {messages.notes(fetched.incomplete, training.halvings)}".strip()
    run.set_state("stopped" if stopped else "done", sentence, attempts=0, promotion=promotion.kind)
    if not stopped and order.requested_by == COMMAND_LINE:  # the page offers to train longer, so it keeps these
        run.snapshot_path.unlink()
        run.best_path.unlink(missing_ok=True)
    notify(sentence)


def _start(run: Run, training: Training, order: Order, home: Home, notify: Notify) -> None:
    """Set a training to the run's snapshot, or to the beginning of its order and save that as the first snapshot."""
    if run.load_snapshot(training):
        notify(messages.resuming(training.step))
        return
    if (base := _base(order, home)) and grow_from_base(training, base, order.class_names):
        notify(messages.FROM_BASE)
    elif order.config.discriminator == "guided":
        network = find_feature_network(home)
        training.use_feature_network(network, [CLASS_NAMES.index(name) for name in order.class_names])
    run.save_snapshot(training)


def _base(order: Order, home: Home) -> Base | None:
    """The base that an order's training starts from, if it should and there is one."""
    return home.first_usable(BASE_NAME, read_base) if order.config.from_base and not order.is_base else None


def _fetch(run: Run, order: Order, home: Home, notify: Notify) -> FetchedDrawings:
    """The order's drawings. A thread fetches them, so that the run can be stopped while a server stalls."""
    if run.should_stop() and not run.snapshot_path.exists():
        raise _Stopped(messages.STOPPED_BEFORE_IT_BEGAN)
    run.set_state("running", messages.FETCHING)
    latest = shown = messages.FETCHING
    fetched: Future[FetchedDrawings] = Future()

    def on_bytes(class_name: str, num_bytes: int, total: int) -> None:
        nonlocal latest
        latest = messages.fetching(class_name, num_bytes, total)

    def work() -> None:
        try:
            fetched.set_result(fetch(order, home, on_bytes))
        except BaseException as error:
            fetched.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    stop_seen = None
    while not fetched.done():
        time.sleep(0.05)
        if latest != shown:
            shown = latest
            run.set_state("running", shown, is_logged=False)
            notify(shown)
        if run.should_stop():
            stop_seen = stop_seen or time.monotonic()
            if time.monotonic() - stop_seen > PATIENCE_SECONDS:
                raise _Stopped(messages.STOPPED_WHILE_FETCHING)
    return fetched.result()


def _train(run: Run, training: Training, order: Order, evaluation: GeneratorEvaluation | None) -> Iterator[Progress]:
    """Train. When the losses diverge, go back to the snapshot and halve the learning rate, up to MAX_HALVINGS times."""
    while not run.should_stop():
        try:
            yield from record(run, training, order, evaluation)
            return
        except DivergenceError as error:
            halvings = training.halvings + 1
            if halvings > MAX_HALVINGS:
                raise TrainingError(messages.kept_diverging(halvings)) from error
            run.load_snapshot(training)
            training.halvings = halvings
            run.save_snapshot(training)  # with the halved rate, so that a resumed run does the same
            run.set_state("running", messages.rolled_back(error, training.step))
