"""python -m benchmarks.targets: compare everything that ships with our targets and write TARGETS.md.

Every figure is compared with that of real drawings, measured in the same way on drawings that no training saw. The
figures of generators with a checkpoint come from their cards; --again measures them again. --newcomers trains classes
that the base has hardly seen, three minutes each, and then the student project's recipe on the same drawings for
--superdeep-minutes. All classes are trained at the same time, each with its own share of the cores. This takes a while,
so the figures are kept in benchmarks/newcomers.json and shown again next time. --superdeep-minutes 0 trains ours again
and keeps the figures of superdeep.
"""

import argparse
import json
import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import numpy as np

from model.drawing.sampler import Sampler
from model.files.checkpoint import checkpoint_path, load_checkpoint
from model.files.classifiers import EVALUATOR_NAME, load_evaluator
from model.files.shared_base import BASE_NAME, Base, read_base
from model.files.writing import write_file
from model.networks.device import limit_threads, pick_device
from model.networks.evaluator import Evaluator
from model.quickdraw.classes import CLASS_NAMES
from train.config import DOODLE, SUPERDEEP
from train.data import DEFAULT_ROWS, DataError, check_extra_folder, load_drawings, load_extra
from train.drawings import Drawings, held_back, learned
from train.evaluation import GeneratorEvaluation
from train.grow import NEWCOMERS, grow_from_base
from train.home import Home
from train.loop import fit
from train.metrics import embed, frechet_distance, recognised
from train.training import Training, draw_seeds

OUTPUT = Path(__file__).with_name("TARGETS.md")
NEWCOMER_FIGURES = Path(__file__).with_name("newcomers.json")
NUM_DRAFTS = 200  # drawings of each draft
MANY, SOME = 2000, 500
TARGETS_MANY = {"top1": 0.95, "coverage": 0.8, "recall": 0.4}  # shares of real drawings' figures, for many drawings
TARGETS_SOME = {"top1": 0.9, "coverage": 0.7}  # for some
DISTANCE = 4.0  # times that of real drawings, for many
COPY_SHARE, COPY_SCORE = 0.05, -3.0  # copying is found where more are copies than this and the score is lower than this


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.targets", description=__doc__)
    parser.add_argument("--data", metavar="FOLDER|URL", help="source of the drawings (default: the dataset's bucket)")
    parser.add_argument("--also", metavar="FOLDER", help="with --again: a folder of more training drawings")
    parser.add_argument("--again", action="store_true", help="measure every checkpoint again")
    parser.add_argument("--newcomers", action="store_true", help="also train classes that the base has hardly seen")
    parser.add_argument("--minutes", type=float, default=3.0, help="for each newcomer (default: %(default)s)")
    parser.add_argument(
        "--superdeep-minutes", type=float, default=30.0, help="0 keeps its figures (default: %(default)s)"
    )
    options = parser.parse_args()
    home = Home.from_environment()
    home = home.with_source(options.data) if options.data else home
    loaded, base = home.first_usable(EVALUATOR_NAME, load_evaluator), home.first_usable(BASE_NAME, read_base)
    if loaded is None or base is None:
        raise SystemExit(
            f"{parser.prog}: There is no evaluator or no base here; train them first: see python -m train --help."
        )
    evaluator = loaded[0]
    try:
        check_extra_folder(also := str(Path(options.also).resolve()) if options.also else None, home.source)
        lines = _table(home, evaluator, base, also, options)
    except (ValueError, DataError) as error:
        raise SystemExit(f"{parser.prog}: {error}") from error
    write_file(OUTPUT, ("\n".join(lines) + "\n").encode())
    print(*lines, sep="\n")


def _table(home: Home, evaluator: Evaluator, base: Base, also: str | None, options: argparse.Namespace) -> list[str]:
    lines = ["| target | reached | met |", "|---|---|---|"]
    lines += _shipped(home, evaluator, also, options.again)
    lines += _drafts(home, evaluator, base)
    lines += _grown(home, evaluator, base)
    if options.newcomers:
        _measure_newcomers(home, options.minutes, options.superdeep_minutes)
    if NEWCOMER_FIGURES.exists():
        lines += _newcomers(json.loads(NEWCOMER_FIGURES.read_text(encoding="utf-8")))
    return lines


def _shipped(home: Home, evaluator: Evaluator, also: str | None, again: bool) -> Iterable[str]:
    measured: dict[str, dict[str, float]] = {}
    exact: dict[str, int] = {}
    for name, card in Sampler(home.checkpoint_folders).cards().items():
        if card.recipe != DOODLE.recipe or not card.metrics:
            continue
        parts = [_load(home, part) for part in card.trained_on]
        exact[name] = sum(len(part) for part in parts)
        measured[name] = card.metrics
        if again:
            _, generator = home.first_usable(checkpoint_path(Path(), name).name, load_checkpoint)
            more = [drawings for part in card.trained_on for drawings in load_extra(part, DEFAULT_ROWS, also)]
            measured[name] = GeneratorEvaluation(evaluator, tuple(card.trained_on), parts, more).measure(generator)

    many = [name for name in measured if exact[name] >= MANY]
    some = [name for name in measured if SOME <= exact[name] < MANY]
    for names, kind, targets in (
        (many, f"{MANY:,} drawings or more", TARGETS_MANY),
        (some, f"{SOME} to {MANY:,} drawings", TARGETS_SOME),
    ):
        for figure, least in targets.items():
            shares = {n: measured[n][figure] / max(1e-9, measured[n][f"real_{figure}"]) for n in names}
            yield _line(f"{kind}: {figure} at least {least:g} of real drawings'", shares, least, at_least=True)
    distances = {name: measured[name]["frechet_distance"] / measured[name]["real_frechet_distance"] for name in many}
    yield _line(
        f"{MANY:,} drawings or more: distance at most {DISTANCE:g} times real drawings'",
        distances,
        DISTANCE,
        at_least=False,
    )
    few = {n: measured[n]["top1"] / max(1e-9, measured[n]["real_top1"]) for n in measured if exact[n] < SOME}
    yield _line(
        f"fewer than {SOME} drawings (compared with 11 real ones): top1 at least 0.8 of real drawings'",
        few,
        0.8,
        at_least=True,
    )
    copying = [n for n, f in measured.items() if f["copies"] > COPY_SHARE and f["copy_score"] < COPY_SCORE]
    yield f"| the copy check finds no class that copies | {', '.join(copying) or 'none'} | {_yes(not copying)} |"


def _drafts(home: Home, evaluator: Evaluator, base: Base) -> Iterable[str]:
    shares, real = [], []
    for index, class_name in enumerate(CLASS_NAMES):
        drawings = _load(home, class_name)
        real.append(recognised(embed(evaluator, drawings[held_back(len(drawings))])[1], [index]))
        fakes = draw_seeds(base.generator_of(class_name), range(NUM_DRAFTS))
        shares.append(recognised(embed(evaluator, fakes)[1], [index]))
    share = median(shares) / median(real)
    reached = f"{median(shares):.2f} and {median(real):.2f}: {share:.2f}"
    yield f"| drafts: median top1 of all classes at least 0.3 of real drawings' | {reached} | {_yes(share >= 0.3)} |"


def _grown(home: Home, evaluator: Evaluator, base: Base) -> Iterable[str]:
    """How much training a class helps: its generator's distance to real drawings as a share of its draft's."""
    shares = {}
    for name, card in Sampler(home.checkpoint_folders).cards().items():
        if name in CLASS_NAMES and card.recipe == DOODLE.recipe and "frechet_distance" in card.metrics:
            real = GeneratorEvaluation(evaluator, (name,), [_load(home, name)]).references
            fake, _ = embed(evaluator, draw_seeds(base.generator_of(name), range(card.metrics["n"])))
            shares[name] = card.metrics["frechet_distance"] / frechet_distance(real, fake)
    yield _line("trained class compared with its draft: smaller distance", shares, 1.0, at_least=False)


def _measure_newcomers(home: Home, minutes: float, superdeep_minutes: float) -> None:
    """Train and measure all newcomers at the same time, each with an equal share of the cores."""
    threads = max(1, (os.cpu_count() or 1) // len(NEWCOMERS))
    measure = partial(_newcomer, home, threads, minutes * 60, superdeep_minutes * 60)
    previous = json.loads(NEWCOMER_FIGURES.read_text(encoding="utf-8")) if NEWCOMER_FIGURES.exists() else {}
    if not superdeep_minutes and (not previous or previous["threads"] != threads):
        raise ValueError("There are no figures of superdeep with this many threads yet; set --superdeep-minutes.")
    with ProcessPoolExecutor(len(NEWCOMERS), get_context("spawn")) as processes:
        figures = dict(zip(NEWCOMERS, processes.map(measure, NEWCOMERS), strict=True))
    if not superdeep_minutes:
        superdeep_minutes = previous["superdeep_minutes"]
        for class_name in NEWCOMERS:
            figures[class_name]["superdeep_distance"] = previous["classes"][class_name]["superdeep_distance"]
    setting = {"threads": threads, "minutes": minutes, "superdeep_minutes": superdeep_minutes}
    write_file(NEWCOMER_FIGURES, (json.dumps(setting | {"classes": figures}, indent=1) + "\n").encode())


def _newcomer(home: Home, threads: int, seconds: float, superdeep_seconds: float, class_name: str) -> dict[str, float]:
    """Figures of a class grown from the base for some seconds, and the best distance that superdeep reaches."""
    limit_threads(threads)
    evaluator, _ = home.first_usable(EVALUATOR_NAME, load_evaluator)
    drawings = _load(home, class_name)
    evaluation = GeneratorEvaluation(evaluator, (class_name,), [drawings])
    rows = Drawings([(0, drawings, learned(len(drawings)))])
    ours = Training(DOODLE, rows, device=pick_device())
    if not grow_from_base(ours, home.first_usable(BASE_NAME, read_base), (class_name,)):
        raise ValueError("The base doesn't fit the recipe's networks; train it again.")
    for _ in fit(ours, seconds=seconds):
        pass
    figures = evaluation.measure(ours.ema)
    if not superdeep_seconds:
        return figures
    theirs = Training(SUPERDEEP, rows, device=pick_device())
    return figures | {"superdeep_distance": min(_superdeep_distances(theirs, evaluation, superdeep_seconds))}


def _newcomers(measured: dict) -> Iterable[str]:
    for class_name, figures in measured["classes"].items():
        share = figures["top1"] / figures["real_top1"]
        cores = f"{measured['threads']} core" + "s" * (measured["threads"] > 1)
        yield (
            f"| new class {class_name}, {measured['minutes']:g} minutes on {cores}: top1 at least 0.8 of real drawings'"
            f" | {figures['top1']:.2f} and {figures['real_top1']:.2f}: {share:.2f} | {_yes(share >= 0.8)} |"
        )
        ours, theirs = figures["frechet_distance"], figures["superdeep_distance"]
        reached, holds = f"{ours:.2f} and {theirs:.2f}: 1/{theirs / ours:.1f}", _yes(4 * ours <= theirs)
        # With so few drawings, even real ones have a distance, and no generator can be expected to come closer.
        if (floor := figures["real_frechet_distance"]) < ours:
            reached += f"; above real drawings' {floor:.2f}: 1/{(theirs - floor) / (ours - floor):.0f}"
        yield (
            f"| new class {class_name}: distance at most 1/4 of superdeep's best in {measured['superdeep_minutes']:g}"
            f" minutes on {cores} | {reached} | {holds} |"
        )


def _superdeep_distances(training: Training, evaluation: GeneratorEvaluation, seconds: float) -> Iterable[float]:
    """Superdeep's distance, about every half minute."""
    due = 30.0
    for progress in fit(training, seconds=seconds):
        if progress.seconds >= due or progress.fraction == 1:
            due += 30.0
            yield evaluation.measure(training.ema)["frechet_distance"]


def _load(home: Home, class_name: str) -> np.ndarray:
    return load_drawings(class_name, source=home.source, cache=home.cache)


def _line(target: str, shares: dict[str, float], limit: float, *, at_least: bool) -> str:
    if not shares:
        return f"| {target} | none ships | |"
    ordered = sorted(shares.items(), key=lambda pair: pair[1], reverse=not at_least)
    short = [name for name, share in ordered if (share < limit if at_least else share > limit)]
    weakest = ", ".join(f"{name} {share:.2f}" for name, share in ordered[:3])
    middle = median(shares.values())
    reached = f"{len(shares) - len(short)} of {len(shares)}; median {middle:.2f}, weakest {weakest}"
    return f"| {target} | {reached} | {_yes(not short)} |"


def _yes(holds: bool) -> str:
    return "yes" if holds else "**no**"


if __name__ == "__main__":
    main()
