"""What a finished run leaves: its best generator, as a checkpoint where people draw from unless a better is there."""

import contextlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from filelock import FileLock
from torch import nn

from model.files.checkpoint import Card, checkpoint_path, load_checkpoint, save_checkpoint
from model.files.classifiers import EVALUATOR_NAME, load_evaluator
from model.files.shared_base import BASE_NAME, read_base
from model.files.weights import CheckpointError, read_safetensors
from model.files.writing import clear_temporaries, write_file
from model.hub.collection import Collection
from train.data import ATTRIBUTION
from train.drawings import held_back
from train.evaluation import GeneratorEvaluation
from train.grow import save_base
from train.home import Home
from train.loop import Training
from train.runs.fetch import Fetched
from train.runs.order import Order
from train.runs.run import Run

_UNDONE = "“{}” is drawn as before its last training; undo once more for the newer checkpoint."
FEWEST_STEPS = 100  # of a stopped run, for its drawings to be worth showing


def evaluation_for(order: Order, fetched: Fetched, home: Home, device: str) -> GeneratorEvaluation | None:
    """What to measure an order's generator by; None for a base, or where no evaluator or no drawing is there for it."""
    exact = [drawings for drawings in fetched.exact.values() if len(held_back(len(drawings)))]
    if order.is_base or len(exact) < len(fetched.exact):
        return None
    loaded = home.first_usable(EVALUATOR_NAME, load_evaluator)
    return GeneratorEvaluation(loaded[0].to(device), order.class_names, exact, fetched.more) if loaded else None


def promote(
    run: Run,
    training: Training,
    order: Order,
    fetched: Fetched,
    evaluation: GeneratorEvaluation | None,
    home: Home,
    stopped: bool,
) -> str:
    """Leave the checkpoint in the run's folder and promote it. Returns what happened in a sentence."""
    if stopped and training.step < FEWEST_STEPS:
        return f"Stopped after {training.step} steps, too early for drawings; resume it, or start anew."
    how = "Stopped early" if stopped else "Done"
    if order.is_base:
        path = save_base(run.folder, training, fetched.rows)
        current = home.first_usable(BASE_NAME, partial(read_base, with_tensors=False))
        if current and not order.replace and current.images_seen > training.step * order.config.batch_size:
            return f"{how}, but the base at hand has seen more drawings and stays; --replace overrules."
        with _promoting(home):
            _promote_file(path, home)
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
        metrics=evaluation.measure(training.ema) if evaluation else {},
    )
    path = save_checkpoint(run.folder, card, training.ema)
    if evaluation:
        evaluation.nearest(training.ema, run.folder / "nearest.png")

    with _promoting(home):
        current = None if order.replace else _current(path.name, order.class_name, home)
        if current and not evaluation:
            return f"{how}, but with nothing to compare by, the checkpoint at hand stays; --replace overrules."
        if current:
            old = current[1].to(training.device)
            old_distance, new_distance = evaluation.distance(old), evaluation.distance(training.ema)
            if not new_distance <= old_distance:
                distances = f"distance {old_distance:.2f} against {new_distance:.2f}"
                return f"{how}, but the checkpoint at hand is better ({distances}) and stays."
        _promote_file(path, home)
    return f"{how}: “{order.class_name}” can be drawn."


def _current(name: str, class_name: str, home: Home) -> tuple[Card, nn.Module] | None:
    """What a class is drawn by until now: a checkpoint at hand, or else one of the collection on the Hub."""
    found, collection = home.first_usable(name, load_checkpoint), Collection.from_environment()
    if found is None and collection and class_name in collection.cards():
        with contextlib.suppress(CheckpointError):  # which the page can't draw with either
            found = load_checkpoint(collection.path(class_name))
    return found


def promote_file(path: Path, home: Home) -> None:
    """Publish the checkpoint in a run's folder, whatever stands."""
    with _promoting(home):
        _promote_file(path, home)


def is_promoted(path: Path, home: Home) -> bool:
    """Whether people draw from the very weights in a run's folder."""
    current = home.first_usable(path.name, _hash)
    return current is not None and current[1] == _hash(path)[1]


def undo(home: Home, class_name: str) -> str:
    """Put the checkpoint back that the last training of a class replaced; once more puts the newer one back.

    Returns what happened in a sentence. Raises ValueError if there is none, CheckpointError if it can't be used.
    """
    promoted = checkpoint_path(home.checkpoints, class_name)
    kept = replaced_path(home, promoted.name)
    aside = kept.with_suffix(".newer")
    with _promoting(home):
        if aside.exists() and _is_undone(kept, promoted):  # all but the last step, by somebody who was killed then
            aside.replace(kept)
            return _UNDONE.format(class_name)
        if not kept.exists() or not promoted.exists():
            raise ValueError(
                f"No training here has replaced a checkpoint of “{class_name}”, so there is none to put back."
            )
        load_checkpoint(kept)
        older, newer = kept.read_bytes(), promoted.read_bytes()
        write_file(aside, newer)
        write_file(promoted, older)
        aside.replace(kept)
    return _UNDONE.format(class_name)


def _is_undone(kept: Path, promoted: Path) -> bool:
    return kept.exists() and promoted.exists() and kept.read_bytes() == promoted.read_bytes()


def replaced_path(home: Home, name: str) -> Path:
    """Where the checkpoint lies that the promoted one of that file name has replaced."""
    return home.runs / "replaced" / name


@contextlib.contextmanager
def _promoting(home: Home) -> Iterator[None]:
    """Alone with the checkpoints, which are compared and then replaced; what killed processes left goes."""
    home.runs.mkdir(parents=True, exist_ok=True)
    with FileLock(home.runs / "publish.lock"):
        clear_temporaries(home.checkpoints, home.runs / "replaced")
        yield


def _promote_file(path: Path, home: Home) -> None:
    """Put a run's file where people draw and train from; what they drew from until now is kept for `undo`."""
    current = home.first_usable(path.name, _hash)
    # Somebody killed just after this comes by a second time, when what stands is its own.
    if current and current[1] != _hash(path)[1]:
        write_file(replaced_path(home, path.name), current[0].read_bytes())
    write_file(home.checkpoints / path.name, path.read_bytes())


def _hash(path: Path) -> tuple[Path, str]:
    """A file of weights and the hash of its content; its bytes differ from one writing to the next."""
    header, _ = read_safetensors(path, with_tensors=False)
    return path, header.get("sha256", "")
