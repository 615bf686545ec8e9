"""Promoting a finished run: its best generator becomes the checkpoint in checkpoints/, unless that one is better."""

import contextlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from filelock import FileLock

from model.files.checkpoint import Card, checkpoint_path, doodlenet_name, load_checkpoint, save_checkpoint
from model.files.classifiers import EVALUATOR_NAME, load_evaluator
from model.files.shared_base import BASE_NAME, read_base
from model.files.weights import CheckpointError, read_safetensors
from model.files.writing import clear_temporaries, write_file
from model.hub.collection import Collection
from model.networks.generator_network import GeneratorNetwork
from train.data import ATTRIBUTION
from train.drawings import held_back
from train.evaluation import GeneratorEvaluation
from train.grow import save_base
from train.home import Home
from train.quality.doodlenet_figures import measure_generator, real_drawings
from train.quality.doodlenet_file import DoodleNetError, load_doodlenet
from train.quality.typical import find_typical_seeds, find_typical_seeds_of_all
from train.runs.fetch import FetchedDrawings
from train.runs.names import check_name_is_free
from train.runs.order import Order
from train.runs.outcome import Promotion
from train.runs.run import Run
from train.runs.snapshot import load_best
from train.training import Training

MIN_STEPS = 100  # of a stopped run, for its drawings to be worth showing


def evaluation_for(order: Order, fetched: FetchedDrawings, home: Home, device: str) -> GeneratorEvaluation | None:
    """What measures an order's generator; None for a base, without an evaluator, or with no drawing held back."""
    drawings = [part for part in fetched.by_class.values() if len(held_back(len(part)))]
    if order.is_base or len(drawings) < len(fetched.by_class):
        return None
    loaded = home.first_usable(EVALUATOR_NAME, load_evaluator)
    return GeneratorEvaluation(loaded[0].to(device), order.class_names, drawings, fetched.extra) if loaded else None


def promote(
    run: Run,
    training: Training,
    order: Order,
    fetched: FetchedDrawings,
    evaluation: GeneratorEvaluation | None,
    home: Home,
    *,
    stopped: bool,
) -> Promotion:
    """Save the checkpoint in the run's folder, and promote it unless the current one is better."""
    if stopped and training.step < MIN_STEPS:
        return Promotion("too_early")
    if order.is_base:
        return _promote_base(run, training, order, fetched, home)

    step = load_best(run.best_path, training.ema) or training.step
    card = Card(
        class_name=order.class_name,
        architecture=training.architecture,
        recipe=order.config.recipe,
        images_seen=step * order.config.batch_size,
        trained_on=fetched.rows,
        source=order.source if "://" in order.source else "folder",
        attribution=ATTRIBUTION,
        metrics=_measure(training.ema, evaluation, home) if evaluation else {},
    )
    if evaluation:
        training.ema.typical_seeds = find_typical_seeds(training.ema, evaluation.evaluator, evaluation.classes)
    path = save_checkpoint(run.folder, card, training.ema)
    if evaluation:
        evaluation.nearest(training.ema, run.folder / "nearest.png")

    with _promoting(home):
        check_name_is_free(order, home)  # again, because another run may have been promoted meanwhile
        current = None if order.replace else _current(path.name, order.class_name, home)
        promotion = _compare(current, training, evaluation)
        if promotion.kind == "promoted":
            _promote_file(path, home)
    return promotion


def _measure(generator: GeneratorNetwork, evaluation: GeneratorEvaluation, home: Home) -> dict[str, float]:
    """A generator's metrics by the evaluator and, if it can be had, by DoodleNet."""
    metrics = evaluation.measure(generator)
    with contextlib.suppress(DoodleNetError):
        real = real_drawings(evaluation.drawings, evaluation.extra)
        figures = measure_generator(load_doodlenet(home), generator, real, evaluation.classes)
        metrics |= {doodlenet_name(name): figure for name, figure in figures.items()}
    return metrics


def _promote_base(run: Run, training: Training, order: Order, fetched: FetchedDrawings, home: Home) -> Promotion:
    """Save the base in the run's folder, and promote it unless the current one has seen more drawings."""
    loaded = home.first_usable(EVALUATOR_NAME, load_evaluator)
    typical = find_typical_seeds_of_all(training.ema, loaded[0].to(training.device)) if loaded else {}
    path = save_base(run.folder, training, fetched.rows, typical)
    current = home.first_usable(BASE_NAME, partial(read_base, with_tensors=False))
    if current and not order.replace and current.images_seen > training.step * order.config.batch_size:
        return Promotion("kept")
    promote_file(path, home)
    return Promotion("promoted")


def _compare(current: GeneratorNetwork | None, training: Training, evaluation: GeneratorEvaluation | None) -> Promotion:
    """What to do with a run's averaged generator, given the one that people draw with now."""
    if current is None:
        return Promotion("promoted")
    if evaluation is None:
        return Promotion("nothing_to_compare")
    old = evaluation.distance(current.to(training.device))
    new = evaluation.distance(training.ema)
    return Promotion("promoted" if new <= old else "kept", new, old)


def _current(name: str, class_name: str, home: Home) -> GeneratorNetwork | None:
    """The generator that people draw a class with now: a local checkpoint, or else the Hub collection's."""
    loaded, collection = home.first_usable(name, load_checkpoint), Collection.from_environment()
    if loaded is None and collection and class_name in collection.cards():
        with contextlib.suppress(CheckpointError):  # then the page can't draw with it either
            loaded = load_checkpoint(collection.path(class_name))
    return loaded[1] if loaded else None


def promote_file(path: Path, home: Home) -> None:
    """Promote the checkpoint in a run's folder, whatever the current one is."""
    with _promoting(home):
        _promote_file(path, home)


def is_promoted(path: Path, home: Home) -> bool:
    """Whether the checkpoint in a run's folder is still the one that people draw with."""
    current = home.first_usable(path.name, _hash)
    return current is not None and current[1] == _hash(path)[1]


def undo(home: Home, class_name: str) -> None:
    """Put back the checkpoint that a class's last training replaced. Undoing again puts back the newer one.

    Raises ValueError if there is none, CheckpointError if it can't be used.
    """
    promoted = checkpoint_path(home.checkpoints, class_name)
    replaced = replaced_path(home, promoted.name)
    aside = replaced.with_suffix(".newer")
    with _promoting(home):
        if aside.exists() and _is_undone(replaced, promoted):  # by a process that was killed before its last step
            aside.replace(replaced)
            return
        if not replaced.exists() or not promoted.exists():
            raise ValueError(
                f"No training here has replaced the checkpoint of “{class_name}”, so nothing can be undone."
            )
        load_checkpoint(replaced)
        older, newer = replaced.read_bytes(), promoted.read_bytes()
        write_file(aside, newer)
        write_file(promoted, older)
        aside.replace(replaced)


def _is_undone(replaced: Path, promoted: Path) -> bool:
    return replaced.exists() and promoted.exists() and replaced.read_bytes() == promoted.read_bytes()


def replaced_path(home: Home, name: str) -> Path:
    """Where the checkpoint is kept that the promoted one with this file name replaced."""
    return home.runs / "replaced" / name


@contextlib.contextmanager
def _promoting(home: Home) -> Iterator[None]:
    """Lock the checkpoints while they are compared and replaced, and remove what killed processes left."""
    home.runs.mkdir(parents=True, exist_ok=True)
    with FileLock(home.runs / "publish.lock"):  # its name from earlier versions, which may run at the same time
        clear_temporaries(home.checkpoints, home.runs / "replaced")
        yield


def _promote_file(path: Path, home: Home) -> None:
    """Copy a run's file to where people draw and train from. The current file is kept for `undo`."""
    current = home.first_usable(path.name, _hash)
    # If a process was killed right after this, the next attempt finds that the current file is its own.
    if current and current[1] != _hash(path)[1]:
        write_file(replaced_path(home, path.name), current[0].read_bytes())
    write_file(home.checkpoints / path.name, path.read_bytes())


def _hash(path: Path) -> tuple[Path, str]:
    """A file of weights, and the hash of its content. (Its bytes differ each time it's written.)"""
    header, _ = read_safetensors(path, with_tensors=False)
    return path, header.get("sha256", "")
