"""Recording a training in its run's folder: reports, sheets of drawings, the best generator, and snapshots."""

import time
from collections.abc import Iterator
from dataclasses import replace

from model.files.writing import write_file
from model.quickdraw.images import png, sheet
from train.evaluation import GeneratorEvaluation
from train.loop import Progress, fit
from train.runs.order import Order
from train.runs.run import Run
from train.runs.snapshot import best_distance, save_best
from train.training import Training

SNAPSHOT_SECONDS = 10.0  # between snapshots; the first ones of an attempt come after 1, 2, 4 and 8 seconds ...
SNAPSHOT_SHARE = 0.02  # ... or later, if saving would take more than this share of the time
MEASURE_STEPS = 200
NUM_SHEETS = 48


def record(run: Run, training: Training, order: Order, evaluation: GeneratorEvaluation | None) -> Iterator[Progress]:
    """Train while recording everything that the run's folder keeps."""
    best, first_step = best_distance(run.best_path), training.step
    saved_at, took, pause = time.monotonic(), 0.0, min(1.0, SNAPSHOT_SECONDS)
    _write_due_sheet(run, training, 0.0)
    try:
        num_steps = order.num_steps_for(len(training.drawings))
        for progress in fit(training, num_steps, order.seconds, MEASURE_STEPS if evaluation else None):
            stopping = run.should_stop()
            if evaluation and (progress.step % MEASURE_STEPS == 0 or progress.fraction == 1 or stopping):
                distance = evaluation.distance(training.ema)
                progress = replace(progress, distance=distance)
                if distance <= best:
                    best = distance
                    save_best(run.best_path, training, best)
            run.append(progress)
            _write_due_sheet(run, training, progress.fraction)
            if time.monotonic() - saved_at >= max(pause, took / SNAPSHOT_SHARE):
                began = time.monotonic()
                _save_snapshot(run, training, first_step)
                saved_at, pause = time.monotonic(), min(2 * pause, SNAPSHOT_SECONDS)
                took = saved_at - began
            yield progress
            if stopping or run.should_stop():
                break
    except GeneratorExit:
        _save_snapshot(run, training, first_step)
        raise
    _save_snapshot(run, training, first_step)


def _save_snapshot(run: Run, training: Training, first_step: int) -> None:
    """Save a snapshot. If this attempt got beyond its first step, the count of failed attempts starts again."""
    run.save_snapshot(training)
    if training.step > first_step:
        run.set_state("running", run.status().sentence, attempts=0)


def _write_due_sheet(run: Run, training: Training, fraction: float) -> None:
    """Write a sheet if the run has fewer than it should have by now; early on, they come more often."""
    if len(run.sheets()) < 1 + int((NUM_SHEETS - 1) * fraction ** (2 / 3)):
        write_file(run.sheets_folder / f"{training.step:07d}.png", png(sheet(training.draw_fixed())))
