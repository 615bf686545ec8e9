"""What a finished run leaves: its best generator, as a checkpoint where people draw from unless a better is there."""

import shutil
from pathlib import Path

from torch import nn

from model.checkpoint import Card, checkpoint_path, load_checkpoint, save_checkpoint
from model.evaluator import load_evaluator
from model.weights import CheckpointError, write_file
from train.base import images_seen, save_base
from train.data import ATTRIBUTION
from train.evaluate import Yardstick
from train.fetch import Fetched
from train.home import Home
from train.loop import Training
from train.order import Order
from train.runs import Run

FEWEST_STEPS = 100  # of a stopped run, for its drawings to be worth showing


def yardstick_for(order: Order, fetched: Fetched, home: Home, device: str) -> Yardstick | None:
    """What to measure an order's generator by; None for a base, or where there is no usable evaluator."""
    if order.is_base or home.evaluator is None:
        return None
    evaluator, _ = load_evaluator(home.evaluator)
    return Yardstick(evaluator.to(device), order.class_names, list(fetched.exact.values()))


def publish(
    run: Run, training: Training, order: Order, fetched: Fetched, yardstick: Yardstick | None, home: Home, stopped: bool
) -> str:
    """Leave the checkpoint in the run's folder and publish it. Returns what happened in a sentence."""
    if stopped and training.step < FEWEST_STEPS:
        return f"Stopped after {training.step} steps, too early for drawings; resume it, or start anew."
    how = "Stopped early" if stopped else "Done"
    if order.is_base:
        path = save_base(run.folder, training, fetched.rows)
        if home.base and not order.replace and images_seen(home.base) > images_seen(path):
            return f"{how}, but the base at hand has seen more drawings and stays; --replace overrules."
        _publish_file(run, path, home)
        return f"{how}: the base knows {len(order.class_names)} classes."

    step = run.load_best(training.ema) or training.step
    card = Card(
        class_name=order.class_name,
        architecture=training.architecture,
        recipe=order.config.recipe,
        images_seen=step * order.config.batch_size,
        trained_on=fetched.rows,
        source=order.source if "://" in order.source else "folder",
        attribution=ATTRIBUTION,
        metrics=yardstick.measure(training.ema) if yardstick else {},
    )
    path = save_checkpoint(run.folder, card, training.ema)
    if yardstick:
        yardstick.nearest(training.ema, run.folder / "nearest.png")

    standing = next((p for f in home.checkpoint_folders if (p := checkpoint_path(f, order.class_name)).exists()), None)
    old = _generator(standing, training) if standing and not order.replace else None
    if old and not yardstick:
        return f"{how}, but without an evaluator it can't be compared and the checkpoint at hand stays; see --replace."
    if old:
        old_distance, new_distance = yardstick.distance(old), yardstick.distance(training.ema)
        if not new_distance <= old_distance:
            distances = f"distance {old_distance:.2f} against {new_distance:.2f}"
            return f"{how}, but the checkpoint at hand is better ({distances}) and stays."
    _publish_file(run, path, home)
    return f"{how}: “{order.class_name}” can be drawn."


def _publish_file(run: Run, path: Path, home: Home) -> None:
    """Put a run's file where people draw and train from; what stood there moves into the run's folder."""
    published = home.checkpoints / path.name
    if published.exists():
        shutil.copyfile(published, run.folder / f"replaced-{path.name}")
    write_file(published, path.read_bytes())


def _generator(path: Path, training: Training) -> nn.Module | None:
    """A standing checkpoint's generator, None for a damaged one."""
    try:
        return load_checkpoint(path)[1].to(training.device)
    except CheckpointError:
        return None
