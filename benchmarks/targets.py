"""python -m benchmarks.targets: compare everything that ships with our targets and write TARGETS.md.

DoodleNet measures all of it, on held-back exact drawings, with as many generated as real drawings. A figure is given as
a share of what real drawings reach against real drawings. The figures of trained classes come from their cards; --again
measures them again. --newcomers trains classes that the base has hardly seen for one and for three minutes, on all
cores. Its figures are kept in benchmarks/newcomers.json and shown again next time.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.harness.options import parse
from model.drawing.latents import seeds_to_pictures
from model.drawing.sampler import Sampler
from model.files.checkpoint import Card
from model.files.shared_base import BASE_NAME, Base, read_base
from model.files.writing import write_file
from model.networks.device import limit_threads, pick_device
from model.quickdraw.classes import CLASS_NAMES
from train.config import DOODLE, Config
from train.data import DEFAULT_ROWS, DataError, check_extra_folder, load_drawings, load_extra
from train.drawings import Drawings, learned
from train.grow import NEWCOMERS, grow_from_base
from train.home import Home
from train.loop import fit
from train.metrics import recognised
from train.quality.doodlenet_figures import RealDrawings, look, measure_generator, real_drawings
from train.quality.doodlenet_file import DoodleNetError, load_doodlenet
from train.training import Training, draw_seeds

OUTPUT = Path(__file__).with_name("TARGETS.md")
NEWCOMER_FIGURES = Path(__file__).with_name("newcomers.json")
MANY, SOME = 1000, 500
# Of each figure: whether more is better, the median's target, and the worst class's, as shares of real drawings'.
WITH_MANY = {
    "frechet_distance": (False, 1.25, 1.7),
    "recall": (True, 0.75, 0.6),
    "coverage": (True, 0.96, 0.88),
    "top1": (True, 0.97, 0.9),
}
WITH_SOME = {
    "frechet_distance": (False, 1.6, None),
    "recall": (True, 0.6, None),
    "coverage": (True, 0.9, None),
    "top1": (True, 0.92, None),
}
NEWCOMER_TARGETS = {60: (2.5, 0.8), 180: (1.7, 0.92)}  # after so many seconds: distance, top1
DRAFTS_MEDIAN, DRAFTS_LOW, DRAFTS_LOW_SHARE = 0.7, 0.2, 0.05
TONE_SLACK = 0.1
BOXED = 0.95
COPY_SHARE = 0.05
PSI, PSI_GAIN, PSI_TOP1, PSI_CLASSES = 0.3, 1.15, 0.98, 40
PACE = 0.7  # of the images per second without the output that saturates and the whole-pixel moves
NUM_DRAFTS = 200
BLANK = 100  # a drawing without a pixel as dark as this is blank


class Bench:
    """What all lines of the table need: the home, DoodleNet, the base, and real drawings."""

    def __init__(self, home: Home, also: str | None):
        self.home, self.also, self.doodlenet = home, also, load_doodlenet(home)
        self.sampler = Sampler(home.checkpoint_folders)
        base = home.first_usable(BASE_NAME, read_base)
        if base is None:
            raise ValueError("There is no base here; train one with: python -m train base")
        self.base: Base = base

    @cached_property
    def trained(self) -> dict[str, Card]:
        """The cards of single classes that our recipe has trained."""
        cards = self.sampler.trained_cards().items()
        return {name: card for name, card in cards if name in CLASS_NAMES and card.recipe == DOODLE.recipe}

    def drawings(self, class_name: str) -> np.ndarray:
        return load_drawings(class_name, source=self.home.source, cache=self.home.cache)

    def real(self, class_name: str) -> RealDrawings:
        return real_drawings([self.drawings(class_name)], load_extra(class_name, DEFAULT_ROWS, self.also))

    def top1(self, drawings: np.ndarray, class_name: str) -> float:
        return recognised(look(self.doodlenet, drawings).logits, [CLASS_NAMES.index(class_name)])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.targets", description=__doc__)
    parser.add_argument("--also", metavar="FOLDER", help="with --again: a folder of more training drawings")
    parser.add_argument("--again", action="store_true", help="measure every checkpoint again")
    parser.add_argument("--newcomers", action="store_true", help="also train classes that the base has hardly seen")
    options, home = parse(parser)
    try:
        check_extra_folder(also := str(Path(options.also).resolve()) if options.also else None, home.source)
        bench = Bench(home, also)
        lines = ["| target | reached | met |", "|---|---|---|"]
        lines += [*_trained(bench, again=options.again), *_drafts(bench), *_psi(bench), _pace(bench)]
        if options.newcomers:
            figures = {class_name: _newcomer(bench, class_name) for class_name in NEWCOMERS}
            write_file(NEWCOMER_FIGURES, (json.dumps(figures, indent=1) + "\n").encode())
    except (ValueError, DataError, DoodleNetError) as error:
        raise SystemExit(f"{parser.prog}: {error}") from error
    if NEWCOMER_FIGURES.exists():
        lines += _newcomers(json.loads(NEWCOMER_FIGURES.read_text(encoding="utf-8")))
    write_file(OUTPUT, ("\n".join(lines) + "\n").encode())
    print(*lines, sep="\n")


def _trained(bench: Bench, *, again: bool) -> Iterator[str]:
    """The lines about classes with a checkpoint."""
    figures, sizes = {}, {}
    for name, card in bench.trained.items():
        sizes[name] = len(bench.drawings(name))
        if again:
            generator = bench.sampler.generator(name)
            figures[name] = measure_generator(bench.doodlenet, generator, bench.real(name), [CLASS_NAMES.index(name)])
        elif card.is_measured_by_doodlenet:
            figures[name] = card.figures
    for kind, low, high, targets in (
        (f"{MANY:,} drawings or more", MANY, None, WITH_MANY),
        (f"{SOME} to {MANY:,} drawings", SOME, MANY, WITH_SOME),
    ):
        names = [name for name in figures if low <= sizes[name] and (high is None or sizes[name] < high)]
        for figure, (more_is_better, middle, worst) in targets.items():
            measured = [name for name in names if figure in figures[name]]
            shares = {n: figures[n][figure] / max(1e-9, figures[n][f"real_{figure}"]) for n in measured}
            yield _line(f"{kind}: {figure.replace('_', ' ')}", shares, middle, worst, more_is_better=more_is_better)
    for tone in ("paper", "full_ink"):
        gaps = {n: abs(each[tone] / max(1e-9, each[f"real_{tone}"]) - 1) for n, each in figures.items()}
        yield _line(f"{tone.replace('_', ' ')}: share of pixels off by", gaps, None, TONE_SLACK, more_is_better=False)
    boxed = {name: each["boxed"] for name, each in figures.items()}
    yield _line("larger side of 26 +- .5 pixels", boxed, None, BOXED, more_is_better=True)
    copying = {name: each["copies"] for name, each in figures.items()}
    yield _line("drawings that may be copies", copying, None, COPY_SHARE, more_is_better=False)


def _drafts(bench: Bench) -> Iterator[str]:
    """The lines about classes that only the base draws."""
    shares = {}
    for name in CLASS_NAMES:
        if name not in bench.trained:
            fakes = draw_seeds(bench.base.generator_of(name), range(NUM_DRAFTS))
            shares[name] = bench.top1(fakes, name) / max(1e-9, bench.top1(bench.real(name).held_back, name))
    yield _line("drafts: top1", shares, DRAFTS_MEDIAN, None, more_is_better=True)
    low = sum(share < DRAFTS_LOW for share in shares.values()) / max(1, len(shares))
    target = f"drafts with top1 below {DRAFTS_LOW:g} of real drawings': at most {DRAFTS_LOW_SHARE:.0%}"
    yield f"| {target} | {low:.0%} | {_yes(low <= DRAFTS_LOW_SHARE)} |"


def _psi(bench: Bench) -> Iterator[str]:
    """The lines about psi, over classes of all sizes, trained and drafts."""
    names = list(CLASS_NAMES[:: len(CLASS_NAMES) // PSI_CLASSES])[:PSI_CLASSES]
    top1, blank = {psi: [] for psi in (PSI, 1.0)}, 0
    for name in names:
        for psi in (0.0, PSI, 1.0, 2.0):
            drawings = bench.sampler.draw(seeds_to_pictures(name, 0, 64, psi))
            blank += int((drawings.max((1, 2)) < BLANK).sum())
            if psi in top1:
                top1[psi].append(bench.top1(drawings, name))
    typical, all_of_them = float(np.mean(top1[PSI])), float(np.mean(top1[1.0]))
    holds = _yes(typical >= PSI_GAIN * all_of_them or typical >= PSI_TOP1)
    yield (
        f"| psi {PSI:g}: top1 at least {PSI_GAIN:g} times that at 1, over {len(names)} classes"
        f" | {typical:.2f} and {all_of_them:.2f}: {typical / max(1e-9, all_of_them):.2f} | {holds} |"
    )
    yield f"| blank drawings at psi 0 to 2 | {blank} | {_yes(not blank)} |"


def _pace(bench: Bench) -> str:
    """The line about training's pace, both kinds in turn."""
    drawings = bench.drawings(NEWCOMERS[1])
    rows = Drawings([(0, drawings, learned(len(drawings)))])
    plain = replace(DOODLE, saturation=0.0, augment=0.0)
    trainings = {config: Training(config, rows, device=pick_device()) for config in (DOODLE, plain)}
    seconds: dict[Config, list[float]] = {config: [] for config in trainings}
    for _ in range(12):
        for config, training in trainings.items():
            start = time.perf_counter()
            for _ in range(config.r1_every):
                training.advance()
            seconds[config].append(time.perf_counter() - start)
    share = median(seconds[plain]) / median(seconds[DOODLE])
    target = f"images per second: at least {PACE:g} of those without saturation and moves"
    return f"| {target} | {share:.2f} | {_yes(share >= PACE)} |"


def _newcomer(bench: Bench, class_name: str) -> dict[str, dict[str, float]]:
    """Figures of a class grown from the base, after so many seconds."""
    limit_threads(os.cpu_count() or 1)
    drawings = bench.drawings(class_name)
    training = Training(DOODLE, Drawings([(0, drawings, learned(len(drawings)))]), device=pick_device())
    if not grow_from_base(training, bench.base, (class_name,)):
        raise ValueError("The base doesn't fit the recipe's networks; train it again.")
    real, place, figures = bench.real(class_name), CLASS_NAMES.index(class_name), {}
    for seconds in NEWCOMER_TARGETS:
        for _ in fit(training, seconds=seconds):
            pass
        figures[str(seconds)] = measure_generator(bench.doodlenet, training.ema, real, [place])
    return figures


def _newcomers(measured: dict[str, dict[str, dict[str, float]]]) -> Iterator[str]:
    for class_name, after in measured.items():
        for seconds, (distance, top1) in NEWCOMER_TARGETS.items():
            figures = after[str(seconds)]
            for figure, limit, more_is_better in (("frechet_distance", distance, False), ("top1", top1, True)):
                share = figures[figure] / figures[f"real_{figure}"]
                kind = f"new class {class_name} after {seconds} seconds: {figure.replace('_', ' ')}"
                yield _line(kind, {class_name: share}, limit, None, more_is_better=more_is_better)


def _line(
    what: str, shares: dict[str, float], middle: float | None, worst: float | None, *, more_is_better: bool
) -> str:
    """A row of the table. middle, worst: what the median and the worst class should reach, if anything."""
    sign = "at least" if more_is_better else "at most"
    parts = [
        f"median {sign} {middle:g}" if middle is not None else "",
        f"each {sign} {worst:g}" if worst is not None else "",
    ]
    target = f"{what}: {', '.join(part for part in parts if part)}"
    if not shares:
        return f"| {target} | nothing to measure | |"
    ordered = sorted(shares.items(), key=lambda pair: pair[1], reverse=not more_is_better)
    reached = [median(shares.values()), ordered[0][1]]
    holds = all(
        limit is None or (share >= limit if more_is_better else share <= limit)
        for share, limit in zip(reached, (middle, worst), strict=True)
    )
    weakest = ", ".join(f"{name} {share:.2f}" for name, share in ordered[:3])
    return f"| {target} | median {reached[0]:.2f} of {len(shares)}, weakest {weakest} | {_yes(holds)} |"


def _yes(holds: bool) -> str:
    return "yes" if holds else "**no**"


if __name__ == "__main__":
    main()
