"""What a finished run leaves: its best generator, as a checkpoint where people draw from unless a better is there."""

import shutil
from functools import partial
from pathlib import Path

from model.base import BASE_NAME, read_base
from model.checkpoint import Card, load_checkpoint, save_checkpoint
from model.evaluator import EVALUATOR_NAME, load_evaluator
from model.weights import write_file
from train.base import save_base
from train.data import ATTRIBUTION
from train.drawings import held_back
from train.evaluate import Yardstick
from train.fetch import Fetched
from train.home import Home
from train.loop import Training
from train.order import Order
from train.runs import Run

FEWEST_STEPS = 100  # of a stopped run, for its drawings to be worth showing


def yardstick_for(order: Order, fetched: Fetched, home: Home, device: str) -> Yardstick | None:
    """What to measure an order's generator by; None for a base, or where no evaluator or no drawing is there for it."""
    exact = [drawings for drawings in fetched.exact.values() if len(held_back(len(drawings)))]
    if order.is_base or len(exact) < len(fetched.exact):
        return None
    loaded = home.first_usable(EVALUATOR_NAME, load_evaluator)
    return Yardstick(loaded[0].to(device), order.class_names, exact, fetched.more) if loaded else None


def publish(
    run: Run, training: Training, order: Order, fetched: Fetched, yardstick: Yardstick | None, home: Home, stopped: bool
) -> str:
    """Leave the checkpoint in the run's folder and publish it. Returns what happened in a sentence."""
    if stopped and training.step < FEWEST_STEPS:
        return f"Stopped after {training.step} steps, too early for drawings; resume it, or start anew."
    how = "Stopped early" if stopped else "Done"
    if order.is_base:
        path = save_base(run.folder, training, fetched.rows)
        standing = home.first_usable(BASE_NAME, partial(read_base, with_tensors=False))
        if standing and not order.replace and standing.images_seen > training.step * order.config.batch_size:
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

    standing = None if order.replace else home.first_usable(path.name, load_checkpoint)
    if standing and not yardstick:
        return f"{how}, but with nothing to compare by, the checkpoint at hand stays; --replace overrules."
    if standing:
        old = standing[1].to(training.device)
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
